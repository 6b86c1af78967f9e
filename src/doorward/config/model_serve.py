"""`serve` and `clients`: where we listen, and where we may call."""

from dataclasses import dataclass
from typing import Literal

from doorward.config.fields import section, setting
from doorward.config.secrets import Secret

HttpVerb = Literal["POST", "GET", "PUT", "PATCH", "DELETE", "CONNECT", "HEAD", "OPTIONS", "TRACE"]

DEFAULT_HEADER_ALLOWLIST = (
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Content-Length",
    "Content-Type",
    "Origin",
    "Priority",
    "Referer",
    "Sec-Ch-Ua",
    "Sec-Ch-Ua-Mobile",
    "Sec-Ch-Ua-Platform",
    "Sec-Fetch-Dest",
    "Sec-Fetch-Mode",
    "Sec-Fetch-Site",
    "Sec-Fetch-User",
    "True-Client-Ip",
    "User-Agent",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsConfig:
    """Cross-origin rules of the public port."""

    enabled: bool = setting(False, "Answer cross-origin requests.")
    allowed_origins: tuple[str, ...] = setting(
        ("*",), "Origins that may call; one `*` stands for any text in front of a domain: `https://*.example.org`."
    )
    allowed_methods: tuple[HttpVerb, ...] = setting(("POST", "GET", "PUT", "PATCH", "DELETE"), "Methods they may use.")
    allowed_headers: tuple[str, ...] = setting(
        ("Authorization", "Content-Type", "Max-Age", "X-Session-Token", "X-XSRF-TOKEN", "X-CSRF-TOKEN"),
        "Request headers they may send.",
    )
    exposed_headers: tuple[str, ...] = setting(("Content-Type",), "Answer headers they may read.")
    allow_credentials: bool = setting(True, "Let them send cookies.")
    max_age: int = setting(0, "Seconds for which a browser may remember the preflight; 0: not said.", least=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLogConfig:
    """The line that is logged per request."""

    disable_for_health: bool = setting(False, "No line for health checks.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSource:
    """A PEM text, by file or by value."""

    path: str = setting("", "The PEM file.")
    base64: Secret | None = setting(None, "The PEM text, in base64.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsConfig:
    """A port's own TLS. Without it a proxy in front of Doorward ends TLS."""

    cert: TlsSource = section(TlsSource, "The certificate, with its chain.")
    key: TlsSource = section(TlsSource, "Its private key.")

    @property
    def is_on(self) -> bool:
        return any(each.path or each.base64 is not None for each in (self.cert, self.key))


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicServe:
    """The port that people and their browsers reach."""

    base_url: str = setting("http://127.0.0.1:4433/", "The address that people use; default: made from host and port.")
    host: str = setting("0.0.0.0", "The interface to listen on.")  # noqa: S104 -- Kratos's default; this port is meant to be reached
    port: int = setting(4433, "The port; 0 takes a free one.", least=0, most=65535)
    cors: CorsConfig = section(CorsConfig, "Cross-origin requests.")
    tls: TlsConfig = section(TlsConfig, "TLS on this port itself.")
    request_log: RequestLogConfig = section(RequestLogConfig, "Request log.")
    trusted_proxies: tuple[str, ...] = setting(
        (),
        "Networks (`203.0.113.0/24`) of proxies or a CDN in front whose `X-Forwarded-For` is believed when failures"
        " are counted; private addresses always are.",
        ours=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminServe:
    """The operator's port. Closed unless said otherwise."""

    base_url: str = setting("http://127.0.0.1:4434/", "Its own address; default: made from host and port.")
    host: str = setting("127.0.0.1", "The interface to listen on. Kratos's default is 0.0.0.0; ours is loopback.")
    port: int = setting(4434, "The port; 0 takes a free one.", least=0, most=65535)
    tls: TlsConfig = section(TlsConfig, "TLS on this port itself.")
    request_log: RequestLogConfig = section(RequestLogConfig, "Request log.")
    open: bool = setting(
        False, "Allow a bind beyond loopback without an API key: whoever reaches it, rules.", ours=True
    )
    api_keys: tuple[Secret, ...] = setting(
        (), "Keys, each at least 16 characters, sent as `Authorization: Bearer …`.", least=16, ours=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeConfig:
    """Both ports."""

    public: PublicServe = section(PublicServe, "The public port.")
    admin: AdminServe = section(AdminServe, "The admin port.")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpClientConfig:
    """Where templates, web_hooks and providers may be called. None means that the key is absent: then private ranges
    are refused unless `dev` is on; an explicit false allows them, as in Kratos."""

    disallow_private_ip_ranges: bool | None = setting(None, "Refuse private and loopback addresses.")
    private_ip_exception_urls: tuple[str, ...] = setting((), "URLs (globs) that may be called all the same.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpClientConfig:
    """Where mail servers may be."""

    disallow_private_ip_ranges: bool = setting(False, "Refuse mail servers at private addresses.")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebHookClientConfig:
    """What templates may see of a request."""

    header_allowlist: tuple[str, ...] = setting(
        DEFAULT_HEADER_ALLOWLIST, "Request headers that reach a template's `ctx`."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientsConfig:
    """Everything that goes out."""

    http: HttpClientConfig = section(HttpClientConfig, "HTTP calls.")
    smtp: SmtpClientConfig = section(SmtpClientConfig, "Mail servers.")
    web_hook: WebHookClientConfig = section(WebHookClientConfig, "What web_hooks see.")
