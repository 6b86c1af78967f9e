"""Batches as HubSpot answers them: trace ids, caps, order, keys, adoption. A test for each line of the checklist."""

from typing import Any

import pytest

from portal_client import CONTACTS, Client, key
from portalsim.portal import Portal


def new(trace: str | None = None, **properties: str) -> dict[str, Any]:
    return {"properties": properties} if trace is None else {"properties": properties, "objectWriteTraceId": trace}


def batch(api: Client, verb: str, *inputs: dict[str, Any], **more: Any) -> Any:
    return api.post(f"{CONTACTS}/batch/{verb}", {"inputs": list(inputs), **more})


def count(api: Client) -> int:
    return int(api.get("/_sim/counters").body["contacts"])


def test_with_trace_ids_good_records_are_written_and_bad_ones_named(api: Client) -> None:
    taken = api.create(email="taken@example.org")
    got = batch(
        api,
        "create",
        new("t1", email="a@example.org"),
        new("t2", email="taken@example.org"),
        new("t3", email="b@example.org", no_such="1"),
    )
    assert got.status == 207
    assert [each["objectWriteTraceId"] for each in got.body["results"]] == ["t1"]
    by_trace = {each["context"]["objectWriteTraceId"][0]: each for each in got.body["errors"]}
    assert got.body["numErrors"] == 2
    assert by_trace["t2"]["category"] == "CONFLICT"
    assert by_trace["t2"]["context"]["existingId"] == [taken]
    assert by_trace["t2"]["message"] == f"Contact already exists. Existing ID: {taken}"
    assert by_trace["t3"]["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"


def test_without_trace_ids_it_is_all_or_nothing(api: Client) -> None:
    taken = api.create(email="taken@example.org")
    got = batch(api, "create", new(email="a@example.org"), new(email="taken@example.org"))
    assert (got.status, got.body["message"]) == (409, f"Contact already exists. Existing ID: {taken}")
    assert "context" not in got.body
    assert count(api) == 1


def test_trace_ids_that_are_not_unique_are_none(api: Client) -> None:
    api.create(email="taken@example.org")
    got = batch(api, "create", new("t", email="a@example.org"), new("t", email="taken@example.org"))
    assert got.status == 409
    assert count(api) == 1


def test_without_trace_ids_all_bad_values_come_in_one_body(api: Client) -> None:
    got = batch(
        api, "create", new(email="x@y.con"), new(email="a@example.org", nope="1"), new(email="b@example.org", nope2="1")
    )
    assert got.status == 400
    assert [each["error"] for each in got.inner] == ["INVALID_EMAIL", "PROPERTY_DOESNT_EXIST", "PROPERTY_DOESNT_EXIST"]
    assert count(api) == 0


def test_the_same_email_twice_in_a_create_is_a_conflict_without_an_id(api: Client) -> None:
    got = batch(api, "create", new(email="a@example.org"), new(email="A@example.org"))
    assert (got.status, got.body["message"]) == (409, "Contact already exists")
    got = batch(api, "create", new("1", email="a@example.org"), new("2", email="A@example.org"))
    assert got.status == 207
    assert "existingId" not in got.body["errors"][0]["context"]


def test_a_hundred_inputs_and_not_one_more(api: Client) -> None:
    inputs = [new(email=f"p{number}@example.org") for number in range(101)]
    got = batch(api, "create", *inputs)
    assert got.status == 400
    assert got.body["message"] == (
        "The maximum number of inputs supported in a batch is 100. Please reduce the number of items and try again"
    )
    assert batch(api, "create", *inputs[:100]).status == 201


def test_fifty_inputs_with_histories(api: Client) -> None:
    inputs = [{"id": str(number)} for number in range(51)]
    got = batch(api, "read", *inputs, propertiesWithHistory=["email"])
    assert got.status == 400
    assert "in a batch request for property histories is 50" in got.body["message"]


@pytest.mark.parametrize("trace", [True, False])
def test_the_same_id_twice_refuses_the_batch_with_or_without_trace_ids(api: Client, *, trace: bool) -> None:
    contact_id = api.create(email="a@example.org")
    inputs = [{"id": contact_id, "properties": {"city": "Bern"}} for _ in range(2)]
    if trace:
        inputs = [{**each, "objectWriteTraceId": str(number)} for number, each in enumerate(inputs)]
    got = batch(api, "update", *inputs)
    assert got.status == 400
    assert got.body["message"] == f"Duplicate IDs found in batch input: [{contact_id}]. IDs must be unique"
    assert got.body["context"]["ids"] == [contact_id]


def test_emails_that_differ_in_case_only_are_the_same_id(api: Client) -> None:
    got = api.upsert(key("email", "a@example.org", "1"), key("email", "A@example.org", "2"))
    assert got.status == 400


def test_results_come_in_another_order_the_same_for_the_same_seed(api: Client) -> None:
    inputs = [key("email", f"p{number}@example.org", str(number)) for number in range(40)]
    order = [each["objectWriteTraceId"] for each in api.upsert(*inputs).body["results"]]
    assert sorted(order, key=int) == [str(number) for number in range(40)]
    assert order != sorted(order, key=int)
    api.post("/_sim/reset", {"seed": 7})
    again = [each["objectWriteTraceId"] for each in api.upsert(*inputs).body["results"]]
    api.post("/_sim/reset", {"seed": 7})
    assert [each["objectWriteTraceId"] for each in api.upsert(*inputs).body["results"]] == again


def test_an_upsert_says_what_is_new(api: Client) -> None:
    name = api.unique()
    first = api.upsert(key(name, "i1", "1", email="a@example.org"), key(name, "i2", "2", email="b@example.org"))
    assert [each["new"] for each in first.body["results"]] == [True, True]
    again = api.upsert(key(name, "i1", "1", city="Bern"))
    assert (again.status, again.body["results"][0]["new"]) == (200, False)
    assert count(api) == 2


def test_an_upsert_by_a_unique_property_follows_a_change_of_email(api: Client) -> None:
    name = api.unique()
    api.upsert(key(name, "i1", "1", email="old@example.org"))
    api.upsert(key(name, "i1", "1", email="new@example.org"))
    assert count(api) == 1
    assert api.get(f"{CONTACTS}/new@example.org?idProperty=email").status == 200
    assert api.get(f"{CONTACTS}/old@example.org?idProperty=email").status == 404
    assert api.create(email="old@example.org")


@pytest.mark.parametrize("name", ["hs_object_id", "firstname"])
def test_an_upsert_by_what_is_not_unique_is_refused(api: Client, name: str) -> None:
    got = api.upsert(key(name, "1", "1", email="a@example.org"))
    assert got.status == 400
    assert got.body["message"] == f"Unable to perform update/upsert by non-unique 0-1 property {name}"


def test_an_upsert_by_a_property_that_is_gone_names_it(api: Client) -> None:
    name = api.unique()
    api.post("/_sim/happenings", {"action": "archive_property", "name": name})
    got = api.upsert(key(name, "1", "1", email="a@example.org"))
    assert (got.status, got.inner[0]["error"]) == (400, "PROPERTY_DOESNT_EXIST")


def test_an_upsert_by_our_key_collides_with_a_contact_that_a_form_made(api: Client, portal: Portal) -> None:
    name = api.unique()
    form = api.post("/_sim/happenings", {"action": "form_contact", "email": "a@example.org"}).body["id"]
    got = api.upsert(key(name, "i1", "1", email="a@example.org"))
    assert got.status == 207
    assert got.body["errors"][0]["category"] == "CONFLICT"
    assert got.body["errors"][0]["context"]["existingId"] == [form]
    portal.flip("adoption_conflict", "conflict_without_id")
    without = api.upsert(key(name, "i1", "1", email="a@example.org")).body["errors"][0]
    assert "existingId" not in without["context"]
    portal.flip("adoption_conflict", "adopt")
    adopted = api.upsert(key(name, "i1", "1", email="a@example.org")).body["results"][0]
    assert (adopted["id"], adopted["new"]) == (form, False)


def test_the_adoption_that_hubspot_asks_for_works(api: Client) -> None:
    name = api.unique()
    form = api.create(email="a@example.org")
    done = batch(api, "update", {"id": form, "properties": {name: "i1"}, "objectWriteTraceId": "1"})
    assert done.status == 200
    assert api.upsert(key(name, "i1", "1", city="Bern")).body["results"][0]["id"] == form


@pytest.mark.parametrize(("choice", "status"), [("validation_400", "VALIDATION_ERROR"), ("conflict_409", "CONFLICT")])
def test_a_unique_value_that_another_contact_holds(api: Client, portal: Portal, choice: str, status: str) -> None:
    portal.flip("unique_conflict", choice)
    name = api.unique()
    api.upsert(key(name, "i1", "1", email="a@example.org"))
    got = api.upsert(key("email", "b@example.org", "1", **{name: "i1"}))
    assert got.status == 207
    assert got.body["errors"][0]["category"] == status
    assert got.body["errors"][0]["errors"][0]["code"] == "CONFLICTING_UNIQUE_VALUE"


def test_ids_that_nobody_has_are_named_together(api: Client) -> None:
    contact_id = api.create(email="a@example.org")
    got = batch(api, "read", {"id": contact_id}, {"id": "9"}, {"id": "10"})
    assert got.status == 207
    assert [each["id"] for each in got.body["results"]] == [contact_id]
    assert got.body["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert got.body["errors"][0]["context"] == {"ids": ["9", "10"]}
    assert got.body["errors"][0]["message"] == (
        "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid."
    )


def test_a_batch_is_read_by_email(api: Client) -> None:
    api.create(email="a@example.org", city="Bern")
    got = batch(api, "read", {"id": "A@example.org"}, idProperty="email", properties=["city"])
    assert (got.status, got.body["results"][0]["properties"]["city"]) == (200, "Bern")


def test_an_archive_reports_no_unknown_id(api: Client) -> None:
    contact_id = api.create(email="a@example.org")
    assert batch(api, "archive", {"id": contact_id}, {"id": "9"}).status == 204
    assert count(api) == 0


@pytest.mark.parametrize(("version", "status"), [("v3", 201), ("2025-09", 200), ("2026-03", 201), ("2026-09", 201)])
def test_a_batch_create_is_201_and_on_one_version_200(api: Client, version: str, status: int) -> None:
    path = CONTACTS if version == "v3" else f"/crm/objects/{version}/contacts"
    assert api.post(f"{path}/batch/create", {"inputs": [new(email="a@example.org")]}).status == status


def test_rules_of_the_portal_are_enforced_on_one_version_only(api: Client) -> None:
    api.post("/_sim/happenings", {"action": "require", "names": ["company"]})
    assert api.upsert(key("email", "a@example.org", "1")).status == 200
    assert api.upsert(key("email", "b@example.org", "1"), version="2026-03").status == 200
    got = api.upsert(key("email", "c@example.org", "1"), version="2026-09")
    assert got.status == 207
    assert got.body["errors"][0]["errors"][0]["code"] == "MISSING_REQUIRED_PROPERTY"


def test_the_newest_version_may_answer_200_to_a_partial_failure(api: Client, portal: Portal) -> None:
    portal.flip("partial_status_2026_09", "200")
    bad = key("email", "a@example.org", "1", nope="1")
    assert api.upsert(bad, version="2026-09").status == 200
    assert api.upsert(bad, version="2026-09").body["numErrors"] == 1
    assert api.upsert(bad, version="2026-03").status == 207


def test_a_partial_upsert_by_email_may_be_refused(api: Client, portal: Portal) -> None:
    api.create(email="a@example.org")
    assert api.upsert(key("email", "a@example.org", "1", city="Bern")).status == 200
    portal.flip("partial_upsert_by_email", "refused")
    assert api.upsert(key("email", "a@example.org", "1", city="Basel")).status == 207
    assert api.upsert(key("email", "a@example.org", "1", email="a@example.org", city="Basel")).status == 200


@pytest.mark.parametrize(("choice", "status"), [("update", 200), ("conflict", 207)])
def test_an_upsert_by_a_secondary_email_updates_or_collides(
    api: Client, portal: Portal, choice: str, status: int
) -> None:
    first, second = api.create(email="a@example.org"), api.create(email="b@example.org")
    merged = api.post(f"{CONTACTS}/merge", {"primaryObjectId": first, "objectIdToMerge": second}).body["id"]
    portal.flip("upsert_by_secondary_email", choice)
    got = api.upsert(key("email", "b@example.org", "1", city="Bern"))
    assert got.status == status
    shown = api.get(f"{CONTACTS}/{merged}?properties=city").body["properties"]
    assert (shown["email"], shown["city"]) == ("a@example.org", "Bern" if choice == "update" else None)


@pytest.mark.parametrize(("choice", "expected"), [("primary", "i1"), ("secondary", "i2"), ("none", None)])
def test_whose_unique_value_a_merge_keeps_is_a_switch(
    api: Client, portal: Portal, choice: str, expected: str | None
) -> None:
    name = api.unique()
    portal.flip("merge_unique_value", choice)
    made = api.upsert(key(name, "i1", "1", email="a@example.org"), key(name, "i2", "2", email="b@example.org"))
    ids = {each["objectWriteTraceId"]: each["id"] for each in made.body["results"]}
    merged = api.post(f"{CONTACTS}/merge", {"primaryObjectId": ids["1"], "objectIdToMerge": ids["2"]}).body["id"]
    assert api.get(f"{CONTACTS}/{merged}?properties={name}").body["properties"][name] == expected
