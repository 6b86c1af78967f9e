"""Search filters against a plain reading of their meaning."""

import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal_client import CONTACTS, Client, definition
from portalsim.portal import Account, Portal, open_portal

VALUES = st.sampled_from(["", "Bern", "bern", "Basel", "Zug am See", "zug"])
NUMBERS = st.sampled_from(["", "1", "2", "10", "-3.5"])
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": operator.eq,
    "LT": operator.lt,
    "LTE": operator.le,
    "GT": operator.gt,
    "GTE": operator.ge,
}


def meaning(name: str, kind: str, wanted: str, value: str) -> bool:
    """Whether a contact with this value belongs to the answer."""
    if kind == "HAS_PROPERTY":
        return value != ""
    if kind == "NOT_HAS_PROPERTY":
        return value == ""
    if kind == "CONTAINS_TOKEN":
        return wanted.lower() in value.lower()
    if kind == "NEQ":
        return value.lower() != wanted.lower() if name == "city" else value == "" or float(value) != float(wanted)
    if value == "":
        return False
    read: Callable[[str], Any] = str.lower if name == "city" else float
    return COMPARE[kind](read(value), read(wanted))


@settings(max_examples=60, deadline=None)
@given(
    people=st.lists(st.tuples(VALUES, NUMBERS), min_size=1, max_size=8),
    kind=st.sampled_from(["EQ", "NEQ", "LT", "LTE", "GT", "GTE", "HAS_PROPERTY", "NOT_HAS_PROPERTY", "CONTAINS_TOKEN"]),
    name=st.sampled_from(["city", "points"]),
    wanted=st.tuples(VALUES.filter(bool), NUMBERS.filter(bool)),
)
def test_operators_mean_what_they_say(
    people: list[tuple[str, str]], kind: str, name: str, wanted: tuple[str, str]
) -> None:
    if kind == "CONTAINS_TOKEN":
        name = "city"
    portal = open_portal("memory", Account(), 1, None)
    api = Client(portal)
    portal.flip("search_lag_ms", "0")
    api.post("/crm/v3/properties/contacts", definition("points", type="number", fieldType="number"))
    expected = set()
    value = wanted[0] if name == "city" else wanted[1]
    for number, (city, points) in enumerate(people):
        contact_id = api.create(email=f"p{number}@example.org", city=city, points=points)
        if meaning(name, kind, value, city if name == "city" else points):
            expected.add(contact_id)
    body = {"filterGroups": [{"filters": [{"propertyName": name, "operator": kind, "value": value}]}], "limit": 100}
    got = api.post(f"{CONTACTS}/search", body)
    assert got.status == 200, got.body
    assert {each["id"] for each in got.body["results"]} == expected
    assert got.body["total"] == len(expected)
    portal.database.close()


@pytest.fixture
def people(api: Client, portal: Portal) -> dict[str, str]:
    portal.flip("search_lag_ms", "0")
    made = {}
    for name, city in (("ada", "London"), ("grace", "New York"), ("linus", "Helsinki")):
        portal.clock.advance(1)
        made[name] = api.create(email=f"{name}@example.org", firstname=name.capitalize(), city=city)
    return made


def found(api: Client, people: dict[str, str], **body: Any) -> list[str]:
    by_id = {contact_id: name for name, contact_id in people.items()}
    got = api.post(f"{CONTACTS}/search", body)
    assert got.status == 200, got.body
    return [by_id[each["id"]] for each in got.body["results"]]


def test_groups_are_joined_by_or_and_filters_by_and(api: Client, people: dict[str, str]) -> None:
    def equals(name: str, value: str) -> dict[str, str]:
        return {"propertyName": name, "operator": "EQ", "value": value}

    groups = [
        {"filters": [equals("city", "london"), equals("firstname", "ada")]},
        {"filters": [equals("city", "helsinki"), equals("firstname", "ada")]},
        {"filters": [equals("firstname", "GRACE")]},
    ]
    assert found(api, people, filterGroups=groups) == ["ada", "grace"]


def test_query_sort_and_pages(api: Client, people: dict[str, str]) -> None:
    assert found(api, people, query="NUS") == ["linus"]
    down = [{"propertyName": "firstname", "direction": "DESCENDING"}]
    assert found(api, people, sorts=down) == ["linus", "grace", "ada"]
    page = api.post(f"{CONTACTS}/search", {"limit": 2, "sorts": down}).body
    assert page["paging"]["next"]["after"] == "2"
    assert found(api, people, limit=2, after="2", sorts=down) == ["ada"]


def test_dates_are_compared_as_moments(api: Client, people: dict[str, str], portal: Portal) -> None:
    moment = str(portal.clock.now_ms() - 1_500)
    later = [{"filters": [{"propertyName": "createdate", "operator": "GT", "value": moment}]}]
    assert found(api, people, filterGroups=later) == ["grace", "linus"]
    between = {"propertyName": "createdate", "operator": "BETWEEN", "value": "0", "highValue": moment}
    assert found(api, people, filterGroups=[{"filters": [between]}]) == ["ada"]


def test_names_not_in_a_list(api: Client, people: dict[str, str]) -> None:
    none_of = {"propertyName": "city", "operator": "NOT_IN", "values": ["london", "helsinki"]}
    assert found(api, people, filterGroups=[{"filters": [none_of]}]) == ["grace"]
    without = {"propertyName": "city", "operator": "NOT_CONTAINS_TOKEN", "value": "new*"}
    assert found(api, people, filterGroups=[{"filters": [without]}]) == ["ada", "linus"]


@pytest.mark.parametrize(
    "body",
    [
        {"filterGroups": {}},
        {"filterGroups": [{}]},
        {"filterGroups": [{"filters": [{"propertyName": "nope", "operator": "EQ", "value": "1"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "city", "operator": "LIKE", "value": "1"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "city", "operator": "IN"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "createdate", "operator": "GT", "value": "soon"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "num_notes", "operator": "GT", "value": "many"}]}]},
        {"sorts": [{"propertyName": "city"}, {"propertyName": "email"}]},
        {"sorts": [{"propertyName": "nope"}]},
        {"limit": 0},
        {"after": "x"},
    ],
)
def test_what_search_cannot_read_is_400(api: Client, body: dict[str, Any]) -> None:
    assert api.post(f"{CONTACTS}/search", body).status == 400
