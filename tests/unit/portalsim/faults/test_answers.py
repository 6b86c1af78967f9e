"""What faults make of an answer, and what they leave in the ledger and the request log."""

from typing import Any

import pytest

from portal_client import CONTACTS, Client, key
from portalsim.portal import Portal


def arm(api: Client, kind: str, **options: Any) -> None:
    assert api.post("/_sim/faults", {"kind": kind, "count": 1, **options}).status == 201


@pytest.mark.parametrize(
    ("kind", "options", "status"),
    [
        ("status", {"status": 500}, 500),
        ("status", {"status": 504}, 504),
        ("status", {"status": 524}, 524),
        ("rate_limit", {}, 429),
        ("daily", {}, 429),
        ("locked", {}, 423),
        ("migrating", {}, 477),
    ],
)
def test_before_the_write_nothing_is_written(api: Client, kind: str, options: dict[str, Any], status: int) -> None:
    arm(api, kind, **options)
    got = api.post(CONTACTS, {"properties": {"email": "a@example.org"}})
    assert got.status == status
    assert got.body["correlationId"] == got.headers["x-hubspot-correlation-id"]
    assert api.get("/_sim/counters").body["contacts"] == 0
    assert api.post(CONTACTS, {"properties": {"email": "a@example.org"}}).status == 201


def test_an_edge_answers_html(api: Client) -> None:
    arm(api, "status", status=502, html=True)
    got = api.get(CONTACTS)
    assert (got.status, got.headers["content-type"]) == (502, "text/html")
    assert got.raw.startswith(b"<html>")


def test_a_migration_says_when_to_come_back(api: Client) -> None:
    arm(api, "migrating", retry_after=3600)
    assert api.get(CONTACTS).headers["Retry-After"] == "3600"


def test_retry_after_can_be_given_to_any_refusal(api: Client) -> None:
    arm(api, "rate_limit", retry_after=7, policy="SECONDLY")
    got = api.get(CONTACTS)
    assert (got.headers["Retry-After"], got.body["policyName"]) == ("7", "SECONDLY")
    arm(api, "status", status=503, retry_after=9)
    assert api.get(CONTACTS).headers["Retry-After"] == "9"


@pytest.mark.parametrize("kind", ["truncated", "invalid_json"])
def test_an_answer_that_is_no_json_comes_after_the_write(api: Client, kind: str) -> None:
    arm(api, kind)
    got = api.post(CONTACTS, {"properties": {"email": "a@example.org"}})
    assert (got.status, got.body) == (201, None)
    assert int(got.headers["content-length"]) == len(got.raw)
    assert api.get("/_sim/counters").body["contacts"] == 1


def test_a_lost_answer_is_applied_and_not_marked_as_answered(api: Client) -> None:
    arm(api, "lost_answer")
    with pytest.raises(ConnectionResetError):
        api.post(CONTACTS, {"properties": {"email": "a@example.org"}})
    (entry,) = api.get("/_sim/ledger").body["entries"]
    assert (entry["outcome"], entry["answered"]) == ("applied", False)


def test_a_trickle_arrives_whole(api: Client) -> None:
    arm(api, "trickle", bytes=50, interval_ms=0)
    got = api.post(CONTACTS, {"properties": {"email": "a@example.org"}})
    assert got.body["properties"]["email"] == "a@example.org"


def test_a_partial_failure_fails_some_records_and_names_them(api: Client) -> None:
    arm(api, "partial", share=0.5, category="INTERNAL_ERROR")
    got = api.upsert(*[key("email", f"p{number}@example.org", str(number)) for number in range(40)])
    assert got.status == 207
    failed = {each["context"]["objectWriteTraceId"][0] for each in got.body["errors"]}
    written = {each["objectWriteTraceId"] for each in got.body["results"]}
    assert failed | written == {str(number) for number in range(40)}
    assert 5 < len(failed) < 35
    assert {each["category"] for each in got.body["errors"]} == {"INTERNAL_ERROR"}
    assert api.get("/_sim/counters").body["contacts"] == len(written)


@pytest.mark.parametrize(
    ("details", "status"),
    [
        ({"action": "revoke_token"}, 401),
        ({"action": "expire_token"}, 401),
        ({"action": "rotate_token"}, 401),
        ({"action": "remove_scope", "scope": "crm.objects.contacts.write"}, 403),
        ({"action": "set_scopes", "scopes": ["oauth"]}, 403),
        ({"action": "archive_property", "name": "own_id"}, 400),
        ({"action": "remove_option", "name": "lifecyclestage", "option": "customer"}, 400),
        ({"action": "form_contact", "email": "a@example.org"}, 409),
    ],
)
def test_things_happen_in_mid_run(api: Client, details: dict[str, Any], status: int) -> None:
    api.unique()
    body = {"properties": {"email": "a@example.org", "own_id": "1", "lifecyclestage": "customer"}}
    arm(api, "act", skip=1, **details)
    assert api.get(CONTACTS).status == 200
    assert api.post(CONTACTS, body).status == status


def test_what_cannot_happen_is_remarked_in_the_log(api: Client) -> None:
    arm(api, "act", action="archive_contact", email="nobody@example.org")
    assert api.get(CONTACTS).status == 200
    (line,) = api.get("/_sim/requests").body["requests"]
    assert "could not act" in line["note"]
    assert line["faults"] == ["f1 act"]


@pytest.mark.parametrize("name", ["archive_contact", "erase_contact"])
def test_contacts_go_behind_ones_back(api: Client, name: str) -> None:
    contact_id = api.create(email="a@example.org")
    arm(api, "act", action=name, email="a@example.org")
    assert api.get(f"{CONTACTS}/{contact_id}").status == 404


def test_contacts_merge_behind_ones_back(api: Client) -> None:
    first, second = api.create(email="a@example.org"), api.create(email="b@example.org")
    arm(api, "act", action="merge_contacts", primary_email="a@example.org", other=second)
    assert api.get(f"{CONTACTS}/{first}").body["id"] not in (first, second)


@pytest.mark.parametrize("spread", ["fixed", "normal", "long_tail"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_latency_changes_no_answer(api: Client, spread: str, when: str) -> None:
    arm(api, "latency", ms=1, spread=spread, when=when)
    assert api.post(CONTACTS, {"properties": {"email": "a@example.org"}}).status == 201
    assert api.get("/_sim/requests").body["requests"][0]["faults"] == ["f1 latency"]


def test_every_story_can_be_told(api: Client, portal: Portal) -> None:
    names = api.get("/_sim/faults").body["stories"]
    assert len(names) > 8
    for name in names:
        assert api.post(f"/_sim/stories/{name}").status == 201
    assert api.post("/_sim/stories/doomsday").status == 404
    assert {each.story for each in portal.faults.list_all()} == set(names)
    assert api("DELETE", "/_sim/faults").body["faults"] == []
