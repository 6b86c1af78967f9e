"""Which credential a request carries: X-Session-Token, the session cookie, `Authorization: Bearer`, in this order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from doorward.web.cookies import Cookies

BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class Credential:
    """`token` is unproven. `is_stale_cookie`: the browser holds a cookie for another session than this token's."""

    token: str = field(repr=False)
    is_stale_cookie: bool = False


def find_credential(
    headers: Mapping[str, str], cookies: Mapping[str, str], jar: Cookies, now: datetime
) -> Credential | None:
    """The credential that counts; a bad one in front is not made good by the next, as in Kratos."""
    in_cookie = jar.find_session_token(cookies, now)
    explicit = headers.get("x-session-token", "")
    if explicit:
        return Credential(explicit, in_cookie is not None and in_cookie != explicit)
    if in_cookie is not None:
        return Credential(in_cookie)
    authorization = headers.get("authorization", "")
    if authorization[: len(BEARER)].lower() == BEARER:
        return Credential(authorization[len(BEARER) :].strip())
    return None
