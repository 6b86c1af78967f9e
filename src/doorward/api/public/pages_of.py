"""Numbered pages of a short list, with the Link header of Kratos's older endpoints. Pages count from zero."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

import orjson

T = TypeVar("T")
SIZE_DEFAULT, SIZE_MAX = 250, 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and the headers that tell where the others are."""

    items: Sequence[T]
    headers: Mapping[str, str]


def page_of(items: Sequence[T], path: str, query: Mapping[str, str]) -> Page[T]:
    """`page_size` with `page_token`, or `per_page` with `page`; what is no number is as if absent."""
    total = len(items)
    wanted = _number(query.get("page_size")) or _number(query.get("per_page")) or SIZE_DEFAULT
    size = max(1, min(wanted, SIZE_MAX, total or SIZE_DEFAULT))
    offset = _offset(query.get("page_token", ""))
    number = (_number(query.get("page")) or 0) if offset is None else offset // size
    last = max(0, (total - 1) // size)
    links = [f'<{_address(path, page, size)}>; rel="{name}"' for name, page in _neighbours(number, last)]
    headers = {"x-total-count": str(total), "link": ",".join(links)}
    return Page(items[number * size : (number + 1) * size], headers)


def _neighbours(number: int, last: int) -> list[tuple[str, int]]:
    found = [("first", 0)] if number > 0 or last == 0 else []
    if number < last:
        found.append(("next", number + 1))
    if number > 0:
        found.append(("prev", min(number, last) - 1 if number <= last else max(0, last - 1)))
    if number < last:
        found.append(("last", last))
    return found


def _address(path: str, page: int, size: int) -> str:
    token = base64.urlsafe_b64encode(orjson.dumps({"offset": str(page * size), "v": 2})).decode().rstrip("=")
    return path + "?" + urlencode({"page": page, "page_size": size, "page_token": token, "per_page": size})


def _offset(token: str) -> int | None:
    """What a token says (Kratos's are read, too); None for anything else."""
    try:
        told = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError):
        return None
    offset = told.get("offset") if isinstance(told, dict) else None
    return _number(offset) if isinstance(offset, str) else None


def _number(text: str | None) -> int | None:
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) < 10
    return int(text) if is_number and text is not None else None
