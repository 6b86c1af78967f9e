"""What is wrong with the `courier` section: server, requests, templates."""

from collections.abc import Iterator

from doorward.config.model import Config
from doorward.config.problems import Problem, error, warning
from doorward.connectors.courier_http import BadCourierRequest, read_request
from doorward.connectors.smtp.settings import BadSmtpSettings, read_server
from doorward.courier.overrides import check_overrides
from doorward.errors import Misconfigured


def check_courier(config: Config) -> Iterator[Problem]:
    """Errors for what would keep every message from leaving, warnings for what weakens it."""
    courier = config.courier
    yield from check_overrides(courier)
    uri = courier.smtp.connection_uri
    if uri is not None:
        try:
            read_server(courier.smtp)
        except BadSmtpSettings as wrong:
            yield _error(wrong, "courier.smtp")
        if not config.dev and "skip_ssl_verify=true" in uri.reveal():
            text = "the mail server's certificate is not looked at, so anybody on the way can read codes and links"
            yield warning("unverified_tls", "courier.smtp.connection_uri", text)
    if courier.delivery_strategy == "http" and courier.http.request_config is None:
        yield error("missing", "courier.http.request_config", "delivery_strategy http needs it")
    requests = [
        (f"courier.channels.{index}.request_config", each.request_config) for index, each in enumerate(courier.channels)
    ]
    if courier.http.request_config is not None:
        requests.append(("courier.http.request_config", courier.http.request_config))
    for path, request in requests:
        try:
            read_request(request, path)
        except BadCourierRequest as wrong:
            yield _error(wrong, path)


def _error(wrong: Misconfigured, path: str) -> Problem:
    return error(wrong.code(), path, str(wrong))
