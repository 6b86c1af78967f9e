"""The `config` of a web_hook entry, every key of it, checked and frozen. `request` makes requests of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from doorward.config.fields import section, setting
from doorward.config.problems import Problem, error
from doorward.config.read import read
from doorward.config.secrets import Secret, join
from doorward.security.signing import BadSigningSecret, SigningKeys

TIMEOUT_S = 30.0
MAX_TIMEOUT_S = 120
CONTRADICTION = "A webhook is configured to ignore the response but also to parse the response. This is not possible."
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
FORGING = re.compile(r"[\r\n\x00]")


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """`Authorization: Basic`."""

    user: str = setting("", "The user's name.", required=True, secret=True)
    password: str = setting("", "The password.", required=True, secret=True)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A header set, or a cookie appended."""

    name: str = setting("", "The header's or cookie's name.", required=True)
    value: str = setting("", "The key.", required=True, secret=True)
    place: Literal["header", "cookie"] = "header"


@dataclass(frozen=True, slots=True)
class ResponseConfig:
    """What happens to the answer."""

    ignore: bool = setting(False, "Do not make the request wait for the answer.")
    parse: bool = setting(False, "Let the answer veto with messages or change the identity.")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebHookConfig:
    """The keys as they are written. Those that belong to the action are only known here, and read by `resolve`."""

    url: str = setting("", "Where the request goes.", required=True, secret=True)
    method: str = setting("", "The HTTP method.", required=True)
    body: str | None = setting(None, "The Jsonnet template: file://, base64://, http(s)://.", secret=True)
    headers: Mapping[str, str] = section(dict, "Further request headers.", secret=True)
    auth: Mapping[str, Any] | None = setting(None, "api_key or basic_auth.", secret=True)
    response: ResponseConfig = section(ResponseConfig, "What happens to the answer.")
    can_interrupt: bool = setting(False, "Like response.parse, but a 200 is not read (deprecated in Kratos).")
    emit_analytics_event: bool = setting(True, "Whether the Ory-Webhook ids are sent.")
    id: str = setting("", "A name for logs.")
    signing_secrets: tuple[Secret, ...] = setting((), "Sign as Standard Webhooks do; the newest first.", ours=True)
    timeout_s: float = setting(TIMEOUT_S, "Seconds for one attempt.", least=0, most=MAX_TIMEOUT_S, ours=True)
    name: str = setting("", "The action's name in lists.", ours=True)
    consent: str | None = setting(None, "The purpose that must be consented to.", ours=True)
    basis: str | None = setting(None, "contract or legitimate_interest.", ours=True)
    why: str | None = setting(None, "The sentence behind the basis.", ours=True)
    when: str | None = setting(None, "registered or verified.", ours=True)
    retry: Any = setting(None, "The action's own retry schedule.", ours=True)


@dataclass(frozen=True, slots=True)
class WebHookSettings:
    """One web_hook. An empty method is GET; `template` is a URI for `TemplateSource`."""

    url: str = field(repr=False)
    method: str
    template: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: BasicAuth | ApiKey | None = None
    is_ignored: bool = False
    is_parsed: bool = False
    may_interrupt: bool = False
    has_ids: bool = True
    id: str = ""
    signing: SigningKeys | None = None
    timeout_s: float = TIMEOUT_S

    @property
    def is_blocking(self) -> bool:
        """It may veto, so it runs before anything is stored."""
        return self.is_parsed or self.may_interrupt

    @property
    def has_body(self) -> bool:
        """Every method but TRACE carries one, GET too, as in Kratos."""
        return self.method != "TRACE"

    @classmethod
    def parse(cls, config: Mapping[str, Any], path: str) -> "WebHookSettings | list[Problem]":
        """The settings, or everything that is wrong with them, each with its path below `path`."""
        problems: list[Problem] = []
        written = read(WebHookConfig, config, path, problems)
        settings = cls(
            url=written.url,
            method=written.method,
            template=written.body,
            headers=written.headers,
            auth=_read_auth(written.auth, join(path, "auth"), problems) if "auth" in config else None,
            is_ignored=written.response.ignore,
            is_parsed=written.response.parse,
            may_interrupt=written.can_interrupt,
            has_ids=written.emit_analytics_event,
            id=written.id,
            signing=_read_signing(written.signing_secrets, join(path, "signing_secrets"), problems),
            timeout_s=written.timeout_s or TIMEOUT_S,
        )
        problems += [error("wrong_value", join(path, key), text) for key, text in _inconsistencies(settings)]
        # a wrong type is reported once, not again as an empty value
        seen: dict[str, Problem] = {}
        for problem in problems:
            seen.setdefault(problem.path, problem)
        return list(seen.values()) or settings


def _inconsistencies(settings: WebHookSettings) -> list[tuple[str, str]]:
    """What the types alone do not tell, by key."""
    found: list[tuple[str, str]] = []
    if settings.url and (text := _wrong_url(settings.url)):
        found.append(("url", text))
    if settings.method and not TOKEN.fullmatch(settings.method):
        found.append(("method", "expected an HTTP method"))
    if settings.is_ignored and settings.is_blocking:
        found.append(("response", CONTRADICTION))
    if settings.has_body and not settings.template:
        found.append(("body", "a template is needed: only TRACE sends no body"))
    for name, value in settings.headers.items():
        if not TOKEN.fullmatch(name) or FORGING.search(value):
            found.append((f"headers.{name}", "expected a header name and a value without line breaks"))
    return found


def _read_auth(raw: object, path: str, problems: list[Problem]) -> BasicAuth | ApiKey | None:
    if not isinstance(raw, Mapping):
        problems.append(error("wrong_type", path, "expected a section with type and config"))
        return None
    problems += [
        error("unknown_key", join(path, key), "this key is not known") for key in raw.keys() - {"type", "config"}
    ]
    inner, inner_path = raw.get("config"), join(path, "config")
    if not isinstance(inner, Mapping):
        problems.append(error("missing", inner_path, "this key is required: the credentials"))
        return None
    match raw.get("type"):
        case "basic_auth":
            return read(BasicAuth, inner, inner_path, problems)
        case "api_key":
            return _read_api_key(inner, inner_path, problems)
    problems.append(error("wrong_value", join(path, "type"), "expected api_key or basic_auth"))
    return None


def _read_api_key(raw: Mapping[str, Any], path: str, problems: list[Problem]) -> ApiKey:
    place = raw.get("in")
    # `in` is a word of Python, so that the field has another name in the file
    key = read(ApiKey, {name: value for name, value in raw.items() if name not in {"in", "place"}}, path, problems)
    if place not in ("header", "cookie"):
        problems.append(error("wrong_value", join(path, "in"), "expected header or cookie"))
    if key.name and not TOKEN.fullmatch(key.name):
        problems.append(error("wrong_value", join(path, "name"), "expected a header or cookie name"))
    if FORGING.search(key.value):
        problems.append(error("wrong_value", join(path, "value"), "expected a value without line breaks"))
    return ApiKey(key.name, key.value, "cookie" if place == "cookie" else "header")


def _read_signing(secrets: tuple[Secret, ...], path: str, problems: list[Problem]) -> SigningKeys | None:
    if not secrets:
        return None
    try:
        return SigningKeys.parse(secret.reveal() for secret in secrets)
    except BadSigningSecret as bad:
        problems.append(error("wrong_value", path, str(bad)))
        return None


def _wrong_url(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "expected a URL"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "expected a URL that begins with http:// or https://"
    return "a URL has no blanks or line breaks" if re.search(r"[\x00-\x20\x7f]", url) else None
