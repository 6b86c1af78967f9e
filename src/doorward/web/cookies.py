"""The cookies that we set: their names, attributes and lifetimes, as in Kratos. Sealing is `security.tokens`' part."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from doorward.config.model import Config, SameSite
from doorward.security.tokens import CookieSealer, decode

CSRF_BYTES = 32
CSRF_LIFETIME_S = 365 * 24 * 3600
CONTINUITY_LIFETIME_S = 3600


@dataclass(frozen=True, slots=True)
class CookieAttributes:
    """Where a cookie is sent. `domain` None: to this host alone."""

    path: str
    domain: str | None
    same_site: SameSite
    is_secure: bool

    def text(self) -> str:
        """`; Path=/; …`. Browsers drop cookies with SameSite=None over http, so there it is Lax."""
        domain = f"; Domain={self.domain}" if self.domain else ""
        secure = "; Secure" if self.is_secure else ""
        same_site = "Lax" if self.same_site == "None" and not self.is_secure else self.same_site
        return f"; Path={self.path}{domain}; HttpOnly{secure}; SameSite={same_site}"


@dataclass(frozen=True, slots=True)
class CookieNames:
    """The CSRF cookie's name depends on the public address, so that two installations on one host do not collide."""

    csrf: str
    session: str
    continuity: str = "ory_kratos_continuity"


@dataclass(frozen=True, slots=True)
class HeldSession:
    """What a browser's session cookie holds: the session's token, and the end of the session when it was set."""

    token: str = field(repr=False)
    expires_at: datetime


class Cookies:
    """Writes Set-Cookie values and reads the session cookie."""

    def __init__(
        self,
        names: CookieNames,
        general: CookieAttributes,
        session: CookieAttributes,
        sealer: CookieSealer,
        *,
        is_persistent: bool = True,
    ) -> None:
        """`is_persistent`: the session cookie survives the end of the browser."""
        self.names = names
        self._general = general
        self._session = session
        self._sealer = sealer
        self._is_persistent = is_persistent

    def csrf(self, token: str) -> str:
        """Set-Cookie of the CSRF token."""
        return f"{self.names.csrf}={token}{self._general.text()}; Max-Age={CSRF_LIFETIME_S}"

    def session(self, token: str, expires_at: datetime, now: datetime) -> str:
        """Set-Cookie of a session token: nobody but this server can read or make the value."""
        sealed = self._sealer.seal(self.names.session, token, expires_at)
        left_s = max(1, int((expires_at - now).total_seconds()))
        lifetime = f"; Max-Age={left_s}" if self._is_persistent else ""
        return f"{self.names.session}={sealed}{self._session.text()}{lifetime}"

    def no_session(self) -> str:
        """Set-Cookie that takes the session cookie away."""
        return f"{self.names.session}={self._session.text()}; Max-Age=0"

    def find_session(self, cookie_header: str) -> HeldSession | None:
        """The first session cookie that we sealed; a browser may send several of one name.

        Whether the session has ended is told by its row alone: it may have been extended since the cookie was set.
        """
        for pair in cookie_header.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == self.names.session:
                opened = self._sealer.open_dated(name, value.strip('"'))
                if opened is not None:
                    return HeldSession(*opened)
        return None

    def continuity(self, held: Mapping[str, UUID], now: datetime) -> str:
        """Set-Cookie of the paused steps that this browser may take up; sealed, so that nobody takes up another's."""
        name = self.names.continuity
        value = orjson.dumps({step: str(each) for step, each in held.items()}).decode()
        sealed = self._sealer.seal(name, value, now + timedelta(seconds=CONTINUITY_LIFETIME_S))
        return f"{name}={sealed}{self._general.text()}; Max-Age={CONTINUITY_LIFETIME_S}"

    def find_continuity(self, cookies: Mapping[str, str], now: datetime) -> dict[str, UUID]:
        """The inverse; empty for a cookie that is none of ours, or too old."""
        opened = self._sealer.open(self.names.continuity, cookies.get(self.names.continuity, ""), now)
        return {} if opened is None else {step: UUID(each) for step, each in orjson.loads(opened).items()}

    def csrf_token(self, cookies: Mapping[str, str]) -> str:
        """The token in the CSRF cookie; "" when there is none, or one that is none of ours."""
        token = cookies.get(self.names.csrf, "")
        raw = decode(token)
        return token if raw is not None and len(raw) == CSRF_BYTES else ""


def make_cookies(config: Config, sealer: CookieSealer) -> Cookies:
    """The cookies of an installation; `session.cookie` inherits what it does not say from `cookies`."""
    own, general = config.session.cookie, config.cookies
    return Cookies(
        CookieNames(csrf_cookie_name(config.serve.public.base_url), own.name),
        CookieAttributes(general.path, general.domain, general.same_site, _is_secure(general.secure, config)),
        CookieAttributes(
            own.path or general.path,
            own.domain or general.domain,
            own.same_site or general.same_site,
            _is_secure(general.secure if own.secure is None else own.secure, config),
        ),
        sealer,
        is_persistent=own.persistent,
    )


def csrf_cookie_name(base_url: str) -> str:
    """`csrf_token_` and the SHA-256 of the public address in hex."""
    return "csrf_token_" + hashlib.sha256(base_url.encode()).hexdigest()


def _is_secure(setting: bool | None, config: Config) -> bool:
    return not config.dev if setting is None else setting
