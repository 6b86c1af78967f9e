"""What is wrong with the `alerts` section: its address, its keys, its times."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from doorward.app.couriers import may_mail
from doorward.config.model import Config
from doorward.config.problems import Problem, error, warning
from doorward.security.egress_policy import EgressPolicy
from doorward.security.signing import BadSigningSecret, SigningKeys

WEB = ("http", "https")
MAKE_A_KEY = '`echo "whsec_$(openssl rand -base64 32)"` makes one'


def check_alerts(config: Config) -> Iterator[Problem]:
    """Errors for what would keep an alert from being sent, warnings for what is not used."""
    alerts = config.alerts
    if alerts.email and not may_mail(config):
        yield warning("no_mail_server", "alerts.email", "no mail can leave: set courier.smtp.connection_uri, too")
    for name in ("waiting_longer_than", "every"):
        if getattr(alerts, name) <= timedelta():
            yield error("wrong_value", f"alerts.{name}", "expected a duration longer than nothing, such as 10m")
    yield from _address(config)
    yield from _keys(config)


def _address(config: Config) -> Iterator[Problem]:
    if config.alerts.url is None:
        return
    url = config.alerts.url.reveal()
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in WEB and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_web = False
    if not is_web:
        yield error("wrong_value", "alerts.url", "expected a URL that begins with http:// or https://")
        return
    refusal = EgressPolicy.from_config(config.clients.http, dev=config.dev).explain(url, trusted=True)
    if refusal:
        yield error("egress_blocked", "alerts.url", refusal)


def _keys(config: Config) -> Iterator[Problem]:
    alerts, path = config.alerts, "alerts.signing_secrets"
    if alerts.url is not None and not alerts.signing_secrets:
        yield error("missing", path, f"messages to alerts.url are signed: add a key; {MAKE_A_KEY}")
    if alerts.url is None and alerts.signing_secrets:
        yield warning("ignored", path, "has no effect without alerts.url")
    for index, secret in enumerate(alerts.signing_secrets):
        try:
            SigningKeys.parse([secret.reveal()])
        except BadSigningSecret as bad:
            yield error("wrong_value", f"{path}.{index}", f"{str(bad).rstrip('.')}; {MAKE_A_KEY}")
