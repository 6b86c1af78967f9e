"""What lists of sessions can be asked, read as Kratos reads it, and the links to their other pages."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from doorward.errors import InvalidInput
from doorward.sessions.query import Position, position_text, read_position
from doorward.web.numbered_pages import Query

SIZE_DEFAULT, SIZE_MAX = 250, 1000
WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})
EXPANDABLE = ("identity", "devices")
BEGINNING = "newest"


@dataclass(frozen=True, slots=True)
class SessionListQuery:
    """`after` None: from the newest on. `others` are the pairs that a link to another page keeps."""

    size: int
    after: Position | None
    active: bool | None
    expand: frozenset[str]
    others: Query


def read_list_query(query: Query) -> SessionListQuery:
    """Raises InvalidInput."""
    return SessionListQuery(
        size=_size(_first(query, "page_size")),
        after=_position(_first(query, "page_token")),
        active=read_active(query),
        expand=read_expand(query),
        others=tuple(pair for pair in query if pair[0] not in ("page_size", "page_token")),
    )


def read_active(query: Query) -> bool | None:
    """`active`, None where it is absent or empty. Raises InvalidInput."""
    text = _first(query, "active")
    if not text:
        return None
    if text in TRUE or text in FALSE:
        return text in TRUE
    raise InvalidInput


def read_expand(query: Query) -> frozenset[str]:
    """Every `expand`, whatever its case. Raises InvalidInput."""
    wanted = frozenset(value.lower() for name, value in query if name == "expand")
    if not wanted <= set(EXPANDABLE):
        raise InvalidInput(f"expand takes {' and '.join(EXPANDABLE)}, one at a time.")
    return wanted


def page_headers(path: str, asked: SessionListQuery, following: Position | None) -> Mapping[str, str]:
    """The links to the first page and, unless this is the last, to the next."""
    links = [f'<{_address(path, asked, None)}>; rel="first"']
    if following is not None:
        links.append(f'<{_address(path, asked, following)}>; rel="next"')
    return {"link": ",".join(links)}


def _address(path: str, asked: SessionListQuery, place: Position | None) -> str:
    text = BEGINNING if place is None else position_text(place)
    token = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    pairs = [*asked.others, ("page_size", str(asked.size)), ("page_token", token)]
    return path + "?" + urlencode(sorted(pairs, key=lambda pair: pair[0]))


def _position(token: str) -> Position | None:
    if not token:
        return None
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode()
        return None if text == BEGINNING else read_position(text)
    except (binascii.Error, ValueError, OverflowError):
        raise InvalidInput("This page_token is none of ours. Take it from the Link header.") from None


def _size(text: str) -> int:
    if not text:
        return SIZE_DEFAULT
    if not WHOLE.fullmatch(text):
        raise InvalidInput
    number = int(text)
    return SIZE_DEFAULT if number <= 0 else min(number, SIZE_MAX)


def _first(query: Query, name: str) -> str:
    return next((value for key, value in query if key == name), "")
