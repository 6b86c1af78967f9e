"""GET /schemas and /schemas/{id}."""

import pytest

from doorward.api.public.pages_of import page_of
from flows_house import SCHEMA
from public_port import Client


@pytest.mark.parametrize("given", ["person", "cGVyc29u", "in%2Fline%20%C3%BC", "aW4vbGluZSDDvA"])
async def test_a_schema_by_its_id(client: Client, given: str) -> None:
    assert (await client.get(f"/schemas/{given}")).json == SCHEMA


@pytest.mark.parametrize("given", ["nobody", "bm9ib2R5", "cGVyc29ucw==", "aW4vbGluZSDDvA==", "%FF%FE", "a" * 5000])
async def test_an_unknown_one(client: Client, given: str) -> None:
    answer = await client.get(f"/schemas/{given}")
    assert (answer.status, answer.header("ory-error-id")) == (404, "")
    assert answer.header("content-type") == "application/json"


async def test_the_list(client: Client) -> None:
    answer = await client.get("/schemas")
    assert [each["id"] for each in answer.json] == ["person", "in/line ü"]
    assert answer.header("x-total-count") == "2"
    assert answer.header("link").startswith("</schemas?page=0&page_size=2&page_token=")
    assert answer.header("link").endswith('&per_page=2>; rel="first"')


def names(link: str) -> list[str]:
    return [part.split('rel="')[1].rstrip('"') for part in link.split(",")]


@pytest.mark.parametrize(
    ("query", "items", "links"),
    [
        ({}, "abcdefghi", ["first"]),
        ({"page_size": "1000"}, "abcdefghi", ["first"]),
        ({"page_size": "2"}, "ab", ["next", "last"]),
        ({"per_page": "2", "page": "1"}, "cdef", ["first", "next", "prev", "last"]),
        ({"per_page": "2", "page": "4"}, "i", ["first", "prev"]),
        ({"per_page": "2", "page": "9"}, "", ["first", "prev"]),
        ({"page_size": "2", "page_token": "eyJvZmZzZXQiOi0xfQ"}, "ab", ["next", "last"]),
        ({"page_size": "3", "page_token": "eyJvZmZzZXQiOiIzIiwidiI6Mn0"}, "defghi", ["first", "next", "prev", "last"]),
        ({"page_size": "2", "page_token": "W10"}, "ab", ["next", "last"]),
        ({"per_page": "x", "page": "-1", "page_token": "%%"}, "abcdefghi", ["first"]),
    ],
)
def test_pages(query: dict[str, str], items: str, links: list[str]) -> None:
    page = page_of("abcdefghi", "/schemas", list(query.items()))
    assert "".join(page.items) == items
    assert names(page.headers["link"]) == links


def test_tokens_lead_through_the_whole_list() -> None:
    query, seen = {"page_size": "4"}, ""
    while True:
        page = page_of("abcdefghi", "/schemas", list(query.items()))
        seen += "".join(page.items)
        following = [part for part in page.headers["link"].split(",") if 'rel="next"' in part]
        if not following:
            break
        query = {"page_size": "4", "page_token": following[0].split("page_token=")[1].split("&")[0]}
    assert set(seen) == set("abcdefghi")


def test_an_empty_list_has_the_links_that_clients_know() -> None:
    page = page_of("", "/schemas", [])
    assert (page.items, page.headers["x-total-count"], names(page.headers["link"])) == (
        "",
        "0",
        ["first", "next", "prev"],
    )
