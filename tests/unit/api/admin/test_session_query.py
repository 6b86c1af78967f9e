"""What lists of sessions can be asked."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest

from doorward.api.admin.session_query import page_headers, read_list_query
from doorward.errors import InvalidInput
from doorward.sessions.query import Position

PLACE = Position(datetime(2026, 1, 1, 12, tzinfo=UTC), UUID(int=7))


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", 250),
        ("page_size=", 250),
        ("page_size=0", 250),
        ("page_size=-1", 250),
        ("page_size=7", 7),
        ("page_size=1001", 1000),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert read_list_query(parse_qsl(text, keep_blank_values=True)).size == size


@pytest.mark.parametrize(("text", "active"), [("", None), ("active=", None), ("active=t", True), ("active=0", False)])
def test_active(text: str, active: bool | None) -> None:
    assert read_list_query(parse_qsl(text, keep_blank_values=True)).active is active


def test_expand_has_no_case_and_may_come_twice() -> None:
    asked = read_list_query([("expand", "Identity"), ("expand", "DEVICES")])
    assert asked.expand == {"identity", "devices"}


@pytest.mark.parametrize(
    "text",
    [
        "page_size=abc",
        "page_token=nonsense",
        "page_token=%%",
        "page_token=OTk5OTk5OTk5OTk5OTk5OTk5Og",
        "active=nonsense",
        "active=TrUe",
        "expand=",
        "expand=nonsense",
        "expand=identity,devices",
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_list_query(parse_qsl(text, keep_blank_values=True))


def test_links_lead_on_and_keep_the_rest() -> None:
    asked = read_list_query([("expand", "identity"), ("page_size", "2"), ("active", "true"), ("page", "9")])
    first, following = page_headers("/admin/sessions", asked, PLACE)["link"].split(",")
    assert first.endswith('; rel="first"')
    assert following.endswith('; rel="next"')
    again = read_list_query(parse_qsl(urlsplit(following.partition(">")[0]).query))
    assert (again.after, again.size, again.active) == (PLACE, 2, True)
    assert again.expand == {"identity"}
    assert read_list_query(parse_qsl(urlsplit(first.partition(">")[0]).query)).after is None


def test_the_last_page_has_no_next() -> None:
    assert "next" not in page_headers("/admin/sessions", read_list_query([]), None)["link"]
