"""What is wrong with the `courier` section: server, requests, templates."""

import re
from collections.abc import Iterator

from doorward.config.model import Config
from doorward.config.model_courier import CourierConfig, SmtpConfig
from doorward.config.problems import Problem, error, warning
from doorward.connectors.courier_http import BadCourierRequest, read_request
from doorward.connectors.smtp.mail import ADDRESS, CONTROL
from doorward.connectors.smtp.settings import BadSmtpSettings, read_server
from doorward.courier.destinations import FIRST
from doorward.courier.overrides import check_overrides
from doorward.errors import Misconfigured

HEADER = re.compile(r"[!-9;-~]+")
"""RFC 5322 3.6.8: printable ASCII but the colon."""


def check_courier(config: Config) -> Iterator[Problem]:
    """Errors for what would keep every message from leaving, warnings for what weakens it."""
    yield from check_overrides(config.courier)
    for name in sorted(set(FIRST) & set(config.destinations)):
        yield error("reserved_name", f"destinations.{name}", "this is where messages to people go; choose another name")
    yield from _smtp(config)
    yield from _requests(config.courier)


def _smtp(config: Config) -> Iterator[Problem]:
    smtp, path = config.courier.smtp, "courier.smtp"
    if smtp.connection_uri is None:
        return
    try:
        read_server(smtp)
    except BadSmtpSettings as wrong:
        yield _error(wrong, path)
    if ADDRESS.fullmatch(smtp.from_address) is None:
        yield error("wrong_value", f"{path}.from_address", "expected a mail address")
    for name, value in smtp.headers.items():
        if HEADER.fullmatch(name) is None or CONTROL.search(value):
            yield error("wrong_value", f"{path}.headers.{name}", "expected a header's name, and a value in one line")
    if config.dev:
        return
    if "skip_ssl_verify=true" in smtp.connection_uri.reveal():
        text = "the mail server's certificate is not looked at, so anybody on the way can read codes and links"
        yield warning("unverified_tls", f"{path}.connection_uri", text)
    if smtp.from_address == SmtpConfig().from_address:
        yield warning("not_yours", f"{path}.from_address", "mail from this default of Kratos is likely to be refused")


def _requests(courier: CourierConfig) -> Iterator[Problem]:
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
