"""Numbered pages as Kratos's older lists have them: what a query asks for, and the headers that name the other pages.

Pages count from zero in the links. A list may be read otherwise: `/sessions` takes pages 0 and 1 for the same one.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import orjson

SIZE_DEFAULT, SIZE_MAX = 250, 1000
WHOLE = re.compile(r"[+-]?[0-9]{1,18}")

Query = Sequence[tuple[str, str]]
"""All pairs of a query in the order in which they came."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page, counted from zero, of which size."""

    number: int
    size: int


def wanted_page(query: Query) -> Wanted:
    """`page_size` with `page_token`, or else `per_page` with `page`; what is no number is as if absent."""
    first: dict[str, str] = {}
    for name, value in query:
        first.setdefault(name, value)
    if "page_size" in first or "page_token" in first:
        size = _size(first.get("page_size"))
        return Wanted(_offset(first.get("page_token", "")) // size, size)
    return Wanted(max(0, _number(first.get("page")) or 0), _size(first.get("per_page")))


def page_headers(path: str, query: Query, wanted: Wanted, total: int) -> Mapping[str, str]:
    """`x-total-count` and `link`; the links keep what else the query asked for, sorted by name."""
    size = min(wanted.size, total) or wanted.size
    others = [(name, value) for name, value in query if name not in ("page", "page_size", "page_token", "per_page")]
    links = [
        f'<{_address(path, others, page, size)}>; rel="{name}"'
        for name, page in _neighbours(wanted.number, size, total)
    ]
    return {"x-total-count": str(total), "link": ",".join(links)}


def _neighbours(number: int, size: int, total: int) -> list[tuple[str, int]]:
    if total == 0:
        # Nonsense, but what clients of an empty list have always got.
        return [("first", 0), ("next", 1), ("prev", -1)]
    last = (total - 1) // size
    if last == 0:
        return [("first", 0)]
    found = [("first", 0)] if number > 0 else []
    if number < last:
        found.append(("next", number + 1))
    if number > 0:
        found.append(("prev", number - 1 if number <= last else max(0, last - 1)))
    if number < last:
        found.append(("last", last))
    return found


def _address(path: str, others: Query, page: int, size: int) -> str:
    token = base64.urlsafe_b64encode(orjson.dumps({"offset": str(page * size), "v": 2})).decode().rstrip("=")
    own = [("page", str(page)), ("page_size", str(size)), ("page_token", token), ("per_page", str(size))]
    return path + "?" + urlencode(sorted([*others, *own], key=lambda pair: pair[0]))


def _offset(token: str) -> int:
    """What an unpadded token says (Kratos's are read, too); 0 for anything else."""
    if "=" in token:
        return 0
    try:
        told = orjson.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        return 0
    offset = told.get("offset") if isinstance(told, dict) else None
    return max(0, _number(offset) or 0) if isinstance(offset, str) else 0


def _size(text: str | None) -> int:
    number = _number(text)
    return SIZE_DEFAULT if number is None else max(1, min(number, SIZE_MAX))


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and WHOLE.fullmatch(text) else None
