"""Whole batches through the connector: what arrives in the portal, and the one outcome of each delivery."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from doorward.connectors.hubspot.wire import KEY_PROPERTY
from doorward.delivery.contract import Delivered, Discard, Hold, Job, Outcome, Retry, Skip, Snooze

MakeJob = Callable[..., Job]
CUSTOMER = {"email": "customer@x.example", "firstname": "Cleo", "phone": ""}


def person(email: str = "ada@x.example", **properties: str) -> dict[str, Any]:
    return {"properties": {"email": email, **properties}, "lists": []}


def pause_of(outcome: Outcome) -> tuple[str, str]:
    assert isinstance(outcome, Snooze)
    assert outcome.pause is not None
    return outcome.pause.scope, outcome.pause.code


async def test_a_hundred_new_people_are_one_call(bench: Any, make_job: MakeJob) -> None:
    jobs = [make_job(person(f"P{n}@x.example")) for n in range(100)]
    outcomes = await bench.send(*jobs)
    for job, outcome in zip(jobs, outcomes, strict=True):
        assert isinstance(outcome, Delivered)
        assert bench.portal.contacts[outcome.external_id][KEY_PROPERTY] == str(job.delivery.identity_id)
    assert bench.portal.count("/batch/upsert") == 1
    links = await bench.links.find_links([job.delivery.identity_id for job in jobs])
    assert {link.contact_id for link in links.values()} == set(bench.portal.contacts)
    assert await bench.send(make_job(person("q@x.example")))
    assert [path for _, path in bench.portal.calls].count("/account-info/2026-03/details") == 1


async def test_a_change_follows_the_person_even_to_a_new_email(bench: Any, make_job: MakeJob) -> None:
    identity = uuid4()
    await bench.send(make_job(person("old@x.example", firstname="A"), identity_id=identity))
    await bench.send(make_job(person("new@x.example", firstname="B"), identity_id=identity, event="identity.updated"))
    (contact,) = bench.portal.contacts.values()
    assert (contact["email"], contact["firstname"], contact["doorward_consent_marketing"]) == (
        "new@x.example",
        "B",
        "true",
    )


async def test_a_lost_answer_is_tried_again_without_a_double(bench: Any, make_job: MakeJob) -> None:
    bench.portal.lose_answer("/batch/upsert")
    job = make_job(person())
    (outcome,) = await bench.send(job)
    assert isinstance(outcome, Retry)
    assert outcome.may_have_applied
    again = make_job(person(), identity_id=job.delivery.identity_id, attempt=2, may_have_applied=True)
    (outcome,) = await bench.send(again)
    assert isinstance(outcome, Delivered)
    assert len(bench.portal.contacts) == 1


async def test_a_process_that_slept_over_its_lease_sends_nothing(bench: Any, make_job: MakeJob) -> None:
    await bench.send(make_job(person("known@x.example")))
    calls = len(bench.portal.calls)
    for event in ("identity.created", "identity.updated", "identity.deleted"):
        job = replace(make_job(person(), event=event), is_held=lambda: False)
        (outcome,) = await bench.send(job)
        assert (outcome.code, outcome.may_have_applied) == ("lease_lapsed", False)
    assert len(bench.portal.calls) == calls


@pytest.mark.parametrize("names_existing_id", [True, False])
async def test_a_stranger_changes_nothing_of_a_customers_contact(
    bench: Any, make_job: MakeJob, names_existing_id: bool
) -> None:
    bench.portal.names_existing_id = names_existing_id
    customer = bench.portal.add(**CUSTOMER)
    stranger, other = make_job(person("customer@x.example", firstname="Mallory", phone="1")), make_job(person())
    held, delivered = await bench.send(stranger, other)
    assert isinstance(held, Hold)
    assert held.waits_for == "address_verified"
    assert isinstance(delivered, Delivered)
    assert bench.portal.contacts[customer] == CUSTOMER


@pytest.mark.parametrize("names_existing_id", [True, False])
async def test_a_verified_person_adopts_and_later_changes_fill_only_gaps(
    bench: Any, make_job: MakeJob, names_existing_id: bool
) -> None:
    bench.portal.names_existing_id = names_existing_id
    customer = bench.portal.add(**CUSTOMER)
    identity = uuid4()
    bench.town.proven[identity] = frozenset({"customer@x.example"})
    wanted = person("customer@x.example", firstname="C", phone="1")
    (outcome,) = await bench.send(make_job(wanted, identity_id=identity, address_verified=True))
    assert outcome == Delivered(customer, summary="adopted")
    adopted = {**CUSTOMER, "phone": "1", "doorward_consent_marketing": "true", KEY_PROPERTY: str(identity)}
    assert bench.portal.contacts[customer] == adopted
    changed = person("customer@x.example", firstname="D", phone="2", city="Rome")
    await bench.send(make_job(changed, identity_id=identity, event="identity.updated", address_verified=True))
    assert bench.portal.contacts[customer] == {**adopted, "city": "Rome"}
    assert len(bench.portal.contacts) == 1


async def test_an_adopted_contact_does_not_follow_an_unproven_email(bench: Any, make_job: MakeJob) -> None:
    customer = bench.portal.add(**CUSTOMER)
    identity = uuid4()
    bench.town.proven[identity] = frozenset({"customer@x.example"})
    await bench.send(make_job(person("customer@x.example"), identity_id=identity, address_verified=True))
    bench.town.proven[identity] = frozenset()
    (outcome,) = await bench.send(make_job(person("new@x.example"), identity_id=identity, event="identity.updated"))
    assert isinstance(outcome, Hold)
    assert bench.portal.contacts[customer]["email"] == "customer@x.example"
    bench.town.proven[identity] = frozenset({"new@x.example"})
    (outcome,) = await bench.send(make_job(person("new@x.example"), identity_id=identity, event="identity.updated"))
    assert isinstance(outcome, Delivered)
    assert bench.portal.contacts[customer]["email"] == "new@x.example"


async def test_a_crash_in_the_middle_of_an_adoption_does_not_make_the_contact_ours(
    bench: Any, make_job: MakeJob
) -> None:
    customer = bench.portal.add(**CUSTOMER)
    identity = uuid4()
    bench.town.proven[identity] = frozenset({"customer@x.example"})
    bench.portal.lose_answer("/batch/update")
    wanted = person("customer@x.example", firstname="Mine", phone="1")
    (outcome,) = await bench.send(make_job(wanted, identity_id=identity, address_verified=True))
    assert isinstance(outcome, Retry)
    again = make_job(wanted, identity_id=identity, address_verified=True, attempt=2, may_have_applied=True)
    (outcome,) = await bench.send(again)
    assert isinstance(outcome, Delivered)
    assert bench.portal.contacts[customer]["firstname"] == "Cleo"


async def test_a_contact_of_a_deleted_person_is_adopted_again(bench: Any, make_job: MakeJob) -> None:
    gone, identity = uuid4(), uuid4()
    contact = bench.portal.add(**CUSTOMER, **{KEY_PROPERTY: str(gone)})
    bench.town.proven[identity] = frozenset({"customer@x.example"})
    bench.town.alive.add(gone)
    job = make_job(person("customer@x.example"), identity_id=identity, address_verified=True)
    (parked,) = await bench.send(job)
    assert isinstance(parked, Discard)
    assert parked.code == "shared_email"
    bench.town.alive.clear()
    (outcome,) = await bench.send(job)
    assert isinstance(outcome, Delivered)
    assert bench.portal.contacts[contact][KEY_PROPERTY] == str(identity)


async def test_a_merge_that_loses_our_key_is_mended(bench: Any, make_job: MakeJob) -> None:
    identity = uuid4()
    (outcome,) = await bench.send(make_job(person(), identity_id=identity))
    assert isinstance(outcome, Delivered)
    assert outcome.external_id is not None
    ours = bench.portal.contacts.pop(outcome.external_id)
    survivor = bench.portal.add(email=ours["email"], hs_merged_object_ids=f"1;{outcome.external_id}")
    bench.portal.types["hs_merged_object_ids"] = {"name": "hs_merged_object_ids", "type": "string"}
    bench.portal.merged[outcome.external_id] = survivor
    (again,) = await bench.send(make_job(person(), identity_id=identity, event="identity.updated"))
    assert isinstance(again, Delivered)
    assert again.external_id == survivor
    assert bench.portal.contacts[survivor][KEY_PROPERTY] == str(identity)


async def test_a_merge_that_keeps_our_key_makes_us_careful(bench: Any, make_job: MakeJob) -> None:
    identity = uuid4()
    (outcome,) = await bench.send(make_job(person(firstname="A"), identity_id=identity))
    assert isinstance(outcome, Delivered)
    assert outcome.external_id is not None
    ours = bench.portal.contacts.pop(outcome.external_id)
    survivor = bench.portal.add(**ours, lastname="of sales")
    await bench.send(make_job(person(phone="1"), identity_id=identity, event="identity.updated"))
    await bench.send(make_job(person(lastname="Mine", city="Rome"), identity_id=identity, event="identity.updated"))
    contact = bench.portal.contacts[survivor]
    assert (contact["lastname"], contact["city"]) == ("of sales", "Rome")


async def test_a_contact_archived_by_hand_is_made_anew(bench: Any, make_job: MakeJob) -> None:
    identity = uuid4()
    await bench.send(make_job(person(), identity_id=identity))
    bench.portal.contacts.clear()
    (outcome,) = await bench.send(make_job(person(), identity_id=identity, event="identity.updated"))
    assert isinstance(outcome, Delivered)
    assert list(bench.portal.contacts) == [outcome.external_id]


async def test_a_bad_value_ends_its_own_row_only(bench: Any, make_job: MakeJob) -> None:
    bad, good = await bench.send(make_job(person("x@y.con")), make_job(person()))
    assert isinstance(bad, Discard)
    assert bad.code == "email_invalid"
    assert isinstance(good, Delivered)


async def test_a_property_that_vanishes_pauses_the_action_and_not_the_others(bench: Any, make_job: MakeJob) -> None:
    await bench.send(make_job(person("a@x.example", city="Rome")))
    del bench.portal.types["city"]
    bench.clock.move(seconds=61)
    with_city, without = await bench.send(make_job(person("b@x.example", city="Rome")), make_job(person("c@x.example")))
    assert pause_of(with_city) == ("action", "property_missing")
    assert isinstance(without, Delivered)
    # HubSpot's complaint made the connector look again: now it is found before anything is sent.
    calls = bench.portal.count("/batch/upsert")
    (before,) = await bench.send(make_job(person("d@x.example", city="Rome")))
    assert pause_of(before) == ("action", "property_missing")
    assert bench.portal.count("/batch/upsert") == calls


async def test_a_property_made_after_the_catalogue_was_learned_is_found(bench: Any, make_job: MakeJob) -> None:
    await bench.send(make_job(person("a@x.example")))
    bench.portal.types["shoe"] = {"name": "shoe", "type": "number"}
    bench.clock.move(seconds=61)
    (outcome,) = await bench.send(make_job({"properties": {"email": "b@x.example", "shoe": 43}}))
    assert isinstance(outcome, Delivered)


async def test_definitions_that_were_not_told_are_asked_for_again(bench: Any, make_job: MakeJob) -> None:
    bench.portal.refuse("/contacts", 500)
    job = make_job(person("a@x.example"))
    (outcome,) = await bench.send(job)
    assert isinstance(outcome, Retry)
    again = make_job(person("a@x.example"), identity_id=job.delivery.identity_id, attempt=2)
    (outcome,) = await bench.send(again)
    assert isinstance(outcome, Delivered)
    assert bench.portal.contacts[outcome.external_id]["doorward_consent_marketing"] == "true"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, {"category": "INVALID_AUTHENTICATION"}, "token_refused"),
        (403, {"category": "MISSING_SCOPES"}, "scope_missing"),
        (477, None, "migrating"),
        (429, {"policyName": "DAILY", "message": "You have reached your daily limit."}, "daily_limit"),
    ],
)
async def test_what_concerns_the_account_pauses_the_destination(
    bench: Any, make_job: MakeJob, status: int, body: Any, code: str
) -> None:
    bench.portal.refuse("/batch/upsert", status, body)
    for outcome in await bench.send(make_job(person("a@x.example")), make_job(person("b@x.example"))):
        assert pause_of(outcome) == ("destination", code)
    assert bench.portal.contacts == {}


async def test_a_daily_limit_waits_until_midnight(bench: Any, make_job: MakeJob) -> None:
    body = {"policyName": "DAILY", "message": "You have reached your daily limit."}
    bench.portal.refuse("/batch/upsert", 429, body)
    (outcome,) = await bench.send(make_job(person()))
    assert outcome.pause.until_s == 12 * 3600  # the clock of the test stands at noon


@pytest.mark.parametrize(("status", "seconds"), [(423, 2.0), (429, 7.0)])
async def test_locks_and_bursts_are_no_tries(bench: Any, make_job: MakeJob, status: int, seconds: float) -> None:
    headers = {"retry-after": "7"} if status == 429 else {}
    bench.portal.refuse("/batch/upsert", status, None, headers)
    (outcome,) = await bench.send(make_job(person()))
    assert isinstance(outcome, Snooze)
    assert (outcome.pause, outcome.delay_s) == (None, seconds)


async def test_another_portal_gets_nothing(bench: Any, make_job: MakeJob) -> None:
    bench.portal.portal_id = 666
    (outcome,) = await bench.send(make_job(person()))
    assert pause_of(outcome) == ("destination", "wrong_portal")
    assert bench.portal.contacts == {}


async def test_the_first_portal_is_remembered_when_none_is_configured(bench: Any, make_job: MakeJob) -> None:
    bench.connector = bench.renew(portal_id=None)
    (outcome,) = await bench.send(make_job(person()))
    assert isinstance(outcome, Delivered)
    bench.portal.portal_id = 666
    bench.connector = bench.renew(portal_id=None)
    (outcome,) = await bench.send(make_job(person()))
    assert pause_of(outcome) == ("destination", "wrong_portal")


async def test_a_revoked_token_pauses_and_is_never_shown(bench: Any, make_job: MakeJob) -> None:
    bench.portal.token = "another"
    (outcome,) = await bench.send(make_job(person()))
    assert pause_of(outcome) == ("destination", "token_refused")
    assert "pat-paper" not in repr(outcome) + repr(vars(bench.connector))


async def test_lists_take_the_contact_and_a_missing_list_pauses_the_action(bench: Any, make_job: MakeJob) -> None:
    (outcome,) = await bench.send(make_job({**person(), "lists": [12]}))
    assert isinstance(outcome, Delivered)
    assert bench.portal.lists["12"] == {outcome.external_id}
    (missing,) = await bench.send(make_job({**person("b@x.example"), "lists": [99]}))
    assert pause_of(missing) == ("action", "list_missing")


async def test_write_rules_keep_what_others_wrote(bench: Any, make_job: MakeJob) -> None:
    identity = uuid4()
    rules = {"city": "on_create", "phone": "if_empty"}
    (made,) = await bench.send(make_job(person(city="Rome", firstname="A"), identity_id=identity, write=rules))
    assert isinstance(made, Delivered)
    bench.portal.contacts[made.external_id]["phone"] = "sales wrote this"
    changed = person(city="Paris", firstname="B", phone="1")
    await bench.send(make_job(changed, identity_id=identity, event="identity.updated", write=rules))
    contact = bench.portal.contacts[made.external_id]
    assert (contact["city"], contact["phone"], contact["firstname"]) == ("Rome", "sales wrote this", "B")


async def test_two_people_with_one_email_in_one_batch_do_not_double(bench: Any, make_job: MakeJob) -> None:
    outcomes = await bench.send(make_job(person("same@x.example")), make_job(person("same@x.example")))
    assert sorted(type(each).__name__ for each in outcomes) == ["Delivered", "Hold"]
    assert len(bench.portal.contacts) == 1


@pytest.mark.parametrize(("on_delete", "left"), [("archive", 0), ("gdpr", 0), ("keep", 1)])
async def test_a_deletion_does_what_the_action_says(bench: Any, make_job: MakeJob, on_delete: str, left: int) -> None:
    identity = uuid4()
    await bench.send(make_job(person(), identity_id=identity))
    stranger = bench.portal.add(email="other@x.example")
    removal = make_job(identity_id=identity, event="identity.deleted", on_delete=on_delete)
    (outcome,) = await bench.send(removal)
    assert isinstance(outcome, Skip if on_delete == "keep" else Delivered)
    assert len(bench.portal.contacts) == left + 1
    assert stranger in bench.portal.contacts
    (again,) = await bench.send(removal)
    assert isinstance(again, Skip)


async def test_an_adopted_contact_outlives_the_person(bench: Any, make_job: MakeJob) -> None:
    customer = bench.portal.add(**CUSTOMER)
    identity = uuid4()
    bench.town.proven[identity] = frozenset({"customer@x.example"})
    await bench.send(make_job(person("customer@x.example"), identity_id=identity, address_verified=True))
    (outcome,) = await bench.send(make_job(identity_id=identity, event="identity.deleted", on_delete="archive"))
    assert isinstance(outcome, Delivered)
    assert bench.portal.contacts[customer][KEY_PROPERTY] == ""


@pytest.mark.parametrize("keeps_id", [False, True])
async def test_a_contact_merged_with_anothers_outlives_the_person(
    bench: Any, make_job: MakeJob, keeps_id: bool
) -> None:
    identity = uuid4()
    (made,) = await bench.send(make_job(person(), identity_id=identity))
    assert isinstance(made, Delivered)
    merged = made.external_id if keeps_id else bench.portal.add()
    values = {**bench.portal.contacts.pop(made.external_id), "phone": "theirs", "hs_merged_object_ids": "77"}
    bench.portal.contacts[merged] = values
    (outcome,) = await bench.send(make_job(identity_id=identity, event="identity.deleted", on_delete="archive"))
    assert isinstance(outcome, Delivered)
    assert bench.portal.contacts[merged] == {**values, KEY_PROPERTY: ""}


async def test_a_withdrawal_writes_one_property_and_makes_no_contact(bench: Any, make_job: MakeJob) -> None:
    identity = uuid4()
    (made,) = await bench.send(make_job(person(firstname="A"), identity_id=identity))
    assert isinstance(made, Delivered)
    before = dict(bench.portal.contacts[made.external_id])
    jobs = [make_job(identity_id=identity), make_job(), make_job(event="identity.updated")]
    outcomes = await bench.connector.send_withdrawals(jobs)
    assert outcomes.keys() == {job.delivery.id for job in jobs}
    assert all(isinstance(each, Skip) and each.code == "withdrawn" for each in outcomes.values())
    assert bench.portal.contacts == {made.external_id: {**before, "doorward_consent_marketing": "false"}}


async def test_a_no_after_a_lost_answer_is_told(bench: Any, make_job: MakeJob) -> None:
    bench.portal.lose_answer("/batch/upsert")
    job = make_job(person())
    await bench.send(job)
    again = make_job(identity_id=job.delivery.identity_id, attempt=2, may_have_applied=True)
    (outcome,) = (await bench.connector.send_withdrawals([again])).values()
    assert isinstance(outcome, Skip)
    assert [each["doorward_consent_marketing"] for each in bench.portal.contacts.values()] == ["false"]
    assert "Nothing was sent" not in outcome.reason


async def test_a_no_on_arrival_costs_no_call(bench: Any, make_job: MakeJob) -> None:
    jobs = [make_job() for _ in range(3)]
    outcomes = await bench.connector.send_withdrawals(jobs)
    assert outcomes.keys() == {job.delivery.id for job in jobs}
    assert bench.portal.calls == []


async def test_a_withdrawal_is_tried_again_when_hubspot_is_away(bench: Any, make_job: MakeJob) -> None:
    identity = uuid4()
    await bench.send(make_job(person(), identity_id=identity))
    bench.portal.refuse("/batch/update", 503)
    job = make_job(identity_id=identity)
    outcomes = await bench.connector.send_withdrawals([job])
    assert isinstance(outcomes[job.delivery.id], Retry)
