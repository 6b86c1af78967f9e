"""The ten open questions are switches; they keep their place over a restart."""

from pathlib import Path

import pytest

from portal_client import CONTACTS, Client
from portalsim.portal import Account, Portal, open_portal
from portalsim.switches import SWITCHES, Switches, UnknownSwitch
from portalsim.tokens import TOKEN


def test_each_of_the_ten_questions_has_a_switch() -> None:
    assert {each.question for each in SWITCHES} - {0} == set(range(1, 11))


def test_all_are_listed_by_the_control_api_and_on_the_page(api: Client) -> None:
    listed = {each["name"] for each in api.get("/_sim/switches").body["switches"]}
    page = api.get("/portal").body
    assert listed == {each.name for each in SWITCHES}
    assert all(f"<code>{name}</code>" in page for name in listed)


@pytest.mark.parametrize(("name", "value"), [("nothing", "on"), ("merge_id", "third"), ("search_lag_ms", "-1")])
def test_what_is_no_switch_or_no_choice_is_refused_and_changes_nothing(api: Client, name: str, value: str) -> None:
    got = api.post("/_sim/switches", {"rate_headers": "off", name: value})
    assert (got.status, set(got.body)) == (400, {"error"})
    assert api.get("/_sim/state").body["switches_changed"] in ({}, {"rate_headers": "off"})
    with pytest.raises(UnknownSwitch):
        Switches().flip(name, value)


def test_they_keep_their_place_over_a_restart(tmp_path: Path) -> None:
    store = str(tmp_path / "portal.sqlite")
    first = open_portal(store, Account(), 1, "pro")
    first.flip("search_lag_ms", "30000")
    first.require(("company",))
    first.database.close()
    second = open_portal(store, Account(), 1, None)
    assert (second.switches.number("search_lag_ms"), second.limits.plan.name, second.required) == (
        30_000,
        "pro",
        ("company",),
    )
    second.reset()
    assert (second.switches.number("search_lag_ms"), second.limits.plan.name, second.required) == (2_000, "pro", ())
    second.database.close()


@pytest.mark.parametrize(("choice", "status"), [("accepted", 200), ("refused", 404)])
def test_token_info_about_a_service_key(api: Client, portal: Portal, choice: str, status: int) -> None:
    portal.flip("service_key_info", choice)
    made = api.post("/_sim/tokens", {"kind": "service_key"}).body
    path = "/oauth/v2/private-apps/get/access-token-info"
    assert api.post(path, {"tokenKey": made["value"]}).status == status
    assert api.post(path, {"tokenKey": api.token}).status == 200
    assert api.post(path, {"tokenKey": "wrong"}).status == 404


def test_calls_at_a_time_are_bounded_by_423(api: Client, portal: Portal) -> None:
    portal.flip("concurrent_calls", "2")
    portal.calls_in_flight = 1
    assert api.get(CONTACTS).status == 200
    portal.calls_in_flight = 2
    assert api.get(CONTACTS).status == 423


def test_batches_may_take_their_time(api: Client, portal: Portal) -> None:
    portal.flip("batch_latency_ms", "1")
    api.create(email="a@example.org")
    got = api.post(f"{CONTACTS}/batch/read", {"inputs": [{"id": "a@example.org"}], "idProperty": "email"})
    assert got.status == 200


def test_a_token_shows_its_value_nowhere_but_where_it_is_made(api: Client, portal: Portal) -> None:
    made = api.post("/_sim/tokens", {"name": "mine"}).body
    api.post("/oauth/v2/private-apps/get/access-token-info", {"tokenKey": made["value"]})
    api.get(f"/oauth/v1/access-tokens/{made['value']}")
    for path in ("/_sim/state", "/_sim/tokens", "/_sim/requests?bodies=1", "/_sim/ledger", "/portal", "/requests"):
        assert made["value"] not in str(api.get(path).body)
    for line in portal.journal.newest(10):
        assert made["value"] not in str(api.get(f"/requests/{line.correlation_id}").body)
    assert made["value"] in portal.database.documents(TOKEN)
    assert made["value"] not in repr(portal.tokens.find(made["value"]))
