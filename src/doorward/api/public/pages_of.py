"""A page of a short list that is in memory, with the Link header of Kratos's older endpoints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from doorward.web.numbered_pages import Query, page_headers, wanted_page

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and the headers that tell where the others are."""

    items: Sequence[T]
    headers: Mapping[str, str]


def page_of(items: Sequence[T], path: str, query: Query) -> Page[T]:
    """The page that the query asks for; pages count from zero.

    Those behind the first reach further than they should, and so overlap, as in Kratos: nobody misses an item.
    """
    wanted = wanted_page(query)
    start = wanted.number * wanted.size
    return Page(items[start : start + start + wanted.size], page_headers(path, query, wanted, len(items)))
