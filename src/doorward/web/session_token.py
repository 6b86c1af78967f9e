"""Which credential a request carries: X-Session-Token, the session cookie, `Authorization: Bearer`, in this order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from doorward.web.cookies import Cookies, HeldSession

BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class Credential:
    """`token` is unproven. `cookie` is the browser's, whether it is what counts here or not."""

    token: str = field(repr=False)
    cookie: HeldSession | None = None

    def is_cookie_outdated(self, expires_at: datetime) -> bool:
        """Whether the browser's cookie is another session's than this token's, or does not know how long it lasts."""
        return self.cookie is not None and self.cookie != HeldSession(self.token, expires_at)


def find_credential(headers: Mapping[str, str], jar: Cookies) -> Credential | None:
    """The credential that counts; a bad one in front is not made good by the next, as in Kratos."""
    cookie = jar.find_session(headers.get("cookie", ""))
    # Blanks around a value are not part of it (RFC 9110 5.5); not every server takes those at its end away.
    if explicit := headers.get("x-session-token", "").strip():
        return Credential(explicit, cookie)
    if cookie is not None:
        return Credential(cookie.token, cookie)
    authorization = headers.get("authorization", "").strip()
    if authorization[: len(BEARER)].lower() == BEARER:
        return Credential(authorization[len(BEARER) :])
    return None
