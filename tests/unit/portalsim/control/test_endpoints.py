"""The control API: state, reset, clock, tokens, ledger, request log; and who may not call it."""

from typing import Any

import pytest

from portal_client import CONTACTS, Client, key
from portalsim.portal import Portal


def test_state_shows_what_a_test_needs(api: Client) -> None:
    state = api.get("/_sim/state").body
    assert (state["simulator"], state["portal_id"], state["plan"]["name"]) == ("portalsim", 62515000, "off")
    assert set(state) >= {"clock", "counters", "tokens", "faults", "switches_changed", "seed", "store"}


def test_a_reset_empties_everything_and_keeps_the_plan(api: Client) -> None:
    api.post("/_sim/plan", {"name": "pro"})
    api.create(email="a@example.org")
    api.unique()
    api.post("/_sim/faults", {"kind": "reset"})
    state = api.post("/_sim/reset", {"seed": 3}).body
    assert (state["counters"]["contacts"], state["counters"]["ledger"], state["faults"]) == (0, 0, [])
    assert (state["plan"]["name"], state["seed"]) == ("pro", 3)
    assert api.get("/crm/v3/properties/contacts/own_id").status == 404
    assert api.create(email="a@example.org")


def test_two_runs_of_one_seed_agree(api: Client, portal: Portal) -> None:
    def run() -> list[Any]:
        api.post("/_sim/reset", {"seed": 5})
        portal.clock.freeze()
        api.post("/_sim/clock", {"set": "2026-05-01T00:00:00+00:00"})
        api.post("/_sim/seed", {"count": 20})
        api.post("/_sim/faults", {"kind": "status", "status": 500, "probability": 0.3})
        got = [api.upsert(key("email", f"p{number}@example.org", "1")) for number in range(10)]
        return [[each.status, each.body, each.headers["x-request-id"]] for each in got]

    assert run() == run()


def test_seeding_may_be_repeated(api: Client) -> None:
    assert api.post("/_sim/seed", {"count": 30}).body["contacts"] == 30
    assert api.post("/_sim/seed", {"count": 30, "domain": "example.net"}).body["contacts"] == 60
    assert api.post("/_sim/seed", {"count": "many"}).status == 400


def test_the_clock_moves_stands_and_goes_on(api: Client) -> None:
    before = api.get("/_sim/clock").body["now_ms"]
    assert api.get("/_sim/clock").body["now_ms"] == before
    assert api.post("/_sim/clock", {"advance_s": 60}).body["now_ms"] == before + 60_000
    assert api.post("/_sim/clock", {"set": "2030-01-01T00:00:00Z"}).body["now"] == "2030-01-01T00:00:00.000Z"
    thawed = api.post("/_sim/clock", {"thaw": True}).body
    assert (thawed["frozen"], thawed["now"][:16]) == (False, "2030-01-01T00:00")
    for wrong in ({"set": "soon"}, {"set": "2030-01-01"}, {"advance_s": "long"}):
        assert api.post("/_sim/clock", wrong).status == 400


def test_the_ledger_has_every_write_and_every_attempt(api: Client) -> None:
    name = api.unique()
    api.post("/_sim/happenings", {"action": "form_contact", "email": "form@example.org"})
    api.upsert(key(name, "1", "t1", email="a@example.org"), key(name, "2", "t2", email="form@example.org"))
    api.upsert(key(name, "1", "t3", nope="1"))
    api.post(CONTACTS, {"properties": {"email": "A@example.org"}})
    entries = api.get("/_sim/ledger").body["entries"]
    told = [(each["kind"], each["outcome"], each["trace_id"], each["email"], each["code"]) for each in entries]
    assert told == [
        ("form", "applied", None, "form@example.org", ""),
        ("contact.upsert", "applied", "t1", "a@example.org", ""),
        ("contact.upsert", "rejected", "t2", "form@example.org", "CONFLICT"),
        ("contact.upsert", "rejected", "t3", None, "PROPERTY_DOESNT_EXIST"),
        ("contact.create", "rejected", None, "a@example.org", "CONFLICT"),
    ]
    assert [each["unique_values"] for each in entries[1:4]] == [{name: "1"}, {name: "2"}, {name: "1"}]
    assert [each["answered"] for each in entries] == [False, True, True, True, True]
    assert entries[1]["changes"]["email"] == "a@example.org"


def test_the_ledger_is_paged_and_filtered(api: Client) -> None:
    name = api.unique()
    for number in range(5):
        api.upsert(key(name, str(number), f"t{number}", email=f"p{number}@example.org"))
    first = api.get("/_sim/ledger?limit=2").body
    assert ([each["seq"] for each in first["entries"]], first["next_after"], first["last"]) == ([1, 2], 2, 5)
    assert api.get("/_sim/ledger?after=5").body == {"entries": [], "last": 5, "next_after": None}
    one = api.get(f"/_sim/ledger?unique={name}=3").body["entries"]
    assert [each["trace_id"] for each in one] == ["t3"]
    contact_id = one[0]["contact_id"]
    for query in (
        "trace_id=t3",
        f"contact_id={contact_id}",
        "email=p3@example.org",
        "outcome=applied&email=p3@example.org",
    ):
        assert [each["seq"] for each in api.get(f"/_sim/ledger?{query}").body["entries"]] == [one[0]["seq"]]


def test_refusals_before_the_endpoint_are_attempts_too(api: Client) -> None:
    token = api.token
    api.token = "pat-na1-nobody"
    api.post(CONTACTS, {"properties": {"email": "a@example.org"}})
    api.token = token
    (entry,) = api.get("/_sim/ledger").body["entries"]
    assert (entry["outcome"], entry["code"]) == ("rejected", "INVALID_AUTHENTICATION")


def test_the_request_log_links_by_correlation_id(api: Client) -> None:
    got = api.upsert(key("email", "a@example.org", "1"), key("email", "b@example.org", "2"))
    correlation = got.headers["x-hubspot-correlation-id"]
    (line,) = api.get(f"/_sim/requests?correlation_id={correlation}&bodies=1").body["requests"]
    assert (line["status"], line["batch_size"], line["token"]) == (200, 2, "pat-na1-…0001")
    assert "a@example.org" in line["request"]
    assert '"new":true' in line["answer"]
    assert api.get("/_sim/requests?after=0&limit=1").body["requests"][0]["number"] == 1
    assert api.get("/_sim/requests?status=500").body["requests"] == []
    assert api.get("/_sim/requests?fault=1").body["requests"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/_sim/plan", {"name": "huge"}),
        ("/_sim/tokens", {"kind": "cookie"}),
        ("/_sim/faults", {"kind": "meteor"}),
        ("/_sim/happenings", {"action": "explode"}),
        ("/_sim/happenings", {"action": "revoke_token", "token": "nobody"}),
        ("/_sim/happenings", {"action": "archive_property", "name": "nope"}),
        ("/_sim/happenings", {"action": "remove_option", "name": "nope"}),
        ("/_sim/happenings", {"action": "set_switch", "name": "nope", "value": "on"}),
        ("/_sim/happenings", {"action": "archive_contact", "email": "nobody@example.org"}),
        ("/_sim/happenings", {"action": "form_contact", "email": "nonsense"}),
        ("/_sim/happenings", {"action": "refuse_connections"}),
        ("/_sim/reset", b"[]"),
        ("/_sim/reset", b"{"),
    ],
)
def test_what_cannot_be_understood_is_400_in_words(api: Client, path: str, body: Any) -> None:
    got = api.post(path, body)
    assert got.status == 400
    assert got.body.get("error") or got.body.get("message")


@pytest.mark.parametrize("path", ["/_sim/reset", "/_sim/tokens", "/portal/reset"])
def test_a_page_of_another_site_controls_nothing(api: Client, path: str) -> None:
    api.create(email="a@example.org")
    assert api.post(path, {}, sec_fetch_site="cross-site").status == 403
    assert api.get("/_sim/counters").body["contacts"] == 1
    assert api.post("/_sim/reset", {}, sec_fetch_site="same-origin").status == 200


def test_unknown_names_are_404(api: Client) -> None:
    assert api("DELETE", "/_sim/faults/f99").status == 404
    assert api.post("/_sim/tokens/x/explode").status == 404
