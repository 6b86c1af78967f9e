"""Numbered pages: what a query asks for, and the links to the others."""

import base64
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.web.numbered_pages import Wanted, page_headers, wanted_page


def token(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ([], Wanted(0, 250)),
        ([("page", "3"), ("per_page", "2")], Wanted(3, 2)),
        ([("page", "-1")], Wanted(0, 250)),
        ([("page", "abc"), ("per_page", "abc")], Wanted(0, 250)),
        ([("per_page", "0")], Wanted(0, 1)),
        ([("per_page", "1001")], Wanted(0, 1000)),
        ([("page_size", "0")], Wanted(0, 1)),
        ([("page_size", "-1")], Wanted(0, 1)),
        ([("page_size", "1001")], Wanted(0, 1000)),
        ([("page_size", "abc")], Wanted(0, 250)),
        ([("page_size", "2"), ("page_token", token('{"offset":"4","v":2}'))], Wanted(2, 2)),
        ([("page_size", "2"), ("page_token", token('{"offset":"4","v":2}') + "=")], Wanted(0, 2)),
        ([("page_size", "2"), ("page_token", "%%")], Wanted(0, 2)),
        ([("page_size", "2"), ("page_token", token('{"offset":4}'))], Wanted(0, 2)),
        ([("page_size", "2"), ("page_token", token("[]"))], Wanted(0, 2)),
        ([("page_size", "2"), ("page", "9")], Wanted(0, 2)),
        ([("page_size", "2"), ("page_size", "5")], Wanted(0, 2)),
    ],
)
def test_what_a_query_asks_for(query: list[tuple[str, str]], wanted: Wanted) -> None:
    assert wanted_page(query) == wanted


@pytest.mark.parametrize(
    ("wanted", "total", "links"),
    [
        (Wanted(0, 250), 0, [("first", 0), ("next", 1), ("prev", -1)]),
        (Wanted(0, 250), 3, [("first", 0)]),
        (Wanted(7, 250), 3, [("first", 0)]),
        (Wanted(0, 2), 3, [("next", 1), ("last", 1)]),
        (Wanted(1, 2), 3, [("first", 0), ("prev", 0)]),
        (Wanted(9, 2), 3, [("first", 0), ("prev", 0)]),
        (Wanted(1, 1), 3, [("first", 0), ("next", 2), ("prev", 0), ("last", 2)]),
    ],
)
def test_links(wanted: Wanted, total: int, links: list[tuple[str, int]]) -> None:
    headers = page_headers("/sessions", [("b", "2"), ("page", "x"), ("a", "1")], wanted, total)
    assert headers["x-total-count"] == str(total)
    found = re.findall(r'<([^>]*)>; rel="(\w+)"', headers["link"])
    assert [(name, int(parse_qs(urlsplit(url).query)["page"][0])) for url, name in found] == links
    assert all(urlsplit(url).query.startswith("a=1&b=2&page=") for url, _ in found)


@given(size=st.integers(1, 20), total=st.integers(1, 100))
def test_next_leads_to_the_last_page(size: int, total: int) -> None:
    query = [("page_size", str(size))]
    for number in range((total - 1) // size + 1):
        wanted = wanted_page(query)
        assert wanted == Wanted(number, size)
        links = {
            name: url
            for url, name in re.findall(r'<([^>]*)>; rel="(\w+)"', page_headers("/x", [], wanted, total)["link"])
        }
        if "next" not in links:
            assert number == (total - 1) // size
            return
        told = parse_qs(urlsplit(links["next"]).query)
        query = [("page_size", told["page_size"][0]), ("page_token", told["page_token"][0])]
    raise AssertionError("no end")
