"""From `courier.smtp` to what a conversation needs. The connection URI is Kratos's:
`smtp[s]://user:password@host:port/?skip_ssl_verify=true&disable_starttls=true`."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from doorward.config.model_courier import SmtpConfig
from doorward.errors import Misconfigured

PORTS = {"smtp": 587, "smtps": 465}
TRUE = frozenset({"true", "1", "t", "T", "TRUE", "True"})


class BadSmtpSettings(Misconfigured):
    """The mail server's settings in courier.smtp are wrong."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where and how to connect. `is_implicit_tls`: TLS from the first byte; else STARTTLS, unless `is_plain`.

    `refuses_private`: nothing is said to a server at a private address.
    """

    host: str
    port: int
    is_implicit_tls: bool
    is_plain: bool
    tls: ssl.SSLContext | None = field(repr=False, compare=False)
    local_name: str = "localhost"
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    refuses_private: bool = False


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom mail is from, and headers that every mail has."""

    address: str
    name: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def read_server(config: SmtpConfig, *, refuses_private: bool = False) -> SmtpServer:
    """Raises BadSmtpSettings; the text never holds the URI, since the password is in it."""
    parts, port = _split(config)
    options = parse_qs(parts.query)
    is_plain = parts.scheme == "smtp" and _is_true(options, "disable_starttls")
    return SmtpServer(
        host=parts.hostname or "",
        port=port,
        is_implicit_tls=parts.scheme == "smtps",
        is_plain=is_plain,
        tls=None if is_plain else _tls(config, verifies=not _is_true(options, "skip_ssl_verify")),
        local_name=config.local_name or "localhost",
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        refuses_private=refuses_private,
    )


def _split(config: SmtpConfig) -> tuple[SplitResult, int]:
    uri = config.connection_uri
    try:
        parts = urlsplit(uri.reveal() if uri is not None else "")
        port = parts.port
    except ValueError:
        raise BadSmtpSettings("courier.smtp.connection_uri is not a URI.") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise BadSmtpSettings("courier.smtp.connection_uri must begin with smtp:// or smtps:// and name a host.")
    return parts, port or PORTS[parts.scheme]


def _is_true(options: Mapping[str, list[str]], name: str) -> bool:
    return options.get(name, [""])[-1] in TRUE


def _tls(config: SmtpConfig, *, verifies: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verifies:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if config.client_cert_path or config.client_key_path:
        try:
            context.load_cert_chain(config.client_cert_path, config.client_key_path or None)
        except (OSError, ssl.SSLError) as error:
            reason = error.strerror or "they are no matching pair of PEM files"
            raise BadSmtpSettings(
                f"courier.smtp.client_cert_path and client_key_path cannot be used: {reason}."
            ) from None
    return context
