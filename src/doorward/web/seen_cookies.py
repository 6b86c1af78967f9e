"""A request's cookies as hooks and templates see them: by Kratos's reading, and without the values of those we set."""

import re
from collections.abc import Iterable

from doorward.web.cookies import CookieNames

NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(r"[\x20!#-:<-\[\]-~]*")
BLANKS = " \t"
REDACTED = "<redacted>"
OTHER_INSTALLATIONS = ("csrf_token_", "ory_kratos_", "doorward_")


def seen_cookies(headers: Iterable[str], own: CookieNames) -> dict[str, str]:
    """Names and values of `Cookie` headers. The last of a name counts; what no cookie may be called or hold is dropped.

    A template sends what it sees to somebody else, who must not become able to act as the person: sessions, CSRF tokens
    and paused steps keep their names only.
    """
    found: dict[str, str] = {}
    for pair in (pair for header in headers for pair in header.split(";")):
        name, _, value = pair.strip(BLANKS).partition("=")
        name = name.strip(BLANKS)
        if len(value) > 1 and value.startswith('"') and value.endswith('"'):
            value = value[1:-1]
        if NAME.fullmatch(name) and VALUE.fullmatch(value):
            found[name] = REDACTED if _is_ours(name, own) else value
    return found


def _is_ours(name: str, own: CookieNames) -> bool:
    return name in (own.csrf, own.session, own.continuity) or name.startswith(OTHER_INSTALLATIONS)
