"""The HubSpot connector against a real simulator process: real connections, real budget, real identities.

What the portal holds afterwards is read from the simulator itself, never from our own memory of it.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from doorward.clock import SystemClock
from doorward.connectors.hubspot.links import StoredLinks
from doorward.connectors.hubspot.wire import KEY_PROPERTY
from doorward.delivery.contract import (
    Delivered,
    Discard,
    Hold,
    Retry,
    Skip,
    Snooze,
    Withdrawer,
)
from hubspot_bench import Bench, Portal, job_for, running_bench
from running import TOKEN, Server, Simulator

pytestmark = pytest.mark.slow

CUSTOMER = {"email": "customer@example.org", "firstname": "Cleo", "jobtitle": "Buyer"}


@pytest.fixture
def portal(simulator: Simulator, server: Server) -> Portal:
    """The simulator after `connect` (the server's fixture) has made it ready."""
    return Portal(simulator.url)


@pytest.fixture
async def bench(portal: Portal, tmp_path: Path) -> AsyncIterator[Bench]:
    async with running_bench(portal, tmp_path / "connector.sqlite") as made:
        yield made


@pytest.mark.parametrize("version", ["2026-03", "v3", "2025-09", "2026-09"])
async def test_a_hundred_people_become_a_hundred_contacts(bench: Bench, version: str) -> None:
    bench.reconnect(api_version=version)
    jobs = [job_for(uuid4(), f"p{n}@example.org", firstname="A") for n in range(100)]
    outcomes = await bench.send(*jobs)
    for job, outcome in zip(jobs, outcomes, strict=True):
        assert isinstance(outcome, Delivered)
        assert len(bench.portal.applied(job.delivery.id)) == 1
    first = bench.portal.contact(outcomes[0].external_id)  # type: ignore[union-attr]
    assert first["email"] == "p0@example.org"
    assert first[KEY_PROPERTY] == str(jobs[0].delivery.identity_id)
    assert first["doorward_consent_marketing"] == "true"
    assert bench.portal.contacts() == 100


@pytest.mark.parametrize("answer", ["conflict_with_id", "conflict_without_id"])
async def test_a_stranger_changes_nothing_and_the_owner_adopts(bench: Bench, answer: str) -> None:
    bench.portal.sim("/switches", {"adoption_conflict": answer})
    customer = bench.portal.happen("form_contact", properties=CUSTOMER)["id"]
    before = bench.portal.contact(customer)
    stranger = await bench.identity("customer@example.org")
    wanted: dict[str, Any] = {"firstname": "Mallory", "jobtitle": "Thief", "city": "Nowhere"}
    (held,) = await bench.send(job_for(stranger, "customer@example.org", **wanted))
    assert isinstance(held, Hold)
    assert bench.portal.contact(customer) == before
    await bench.verify(stranger, "customer@example.org")
    (adopted,) = await bench.send(job_for(stranger, "customer@example.org", verified=True, **wanted))
    assert adopted == Delivered(customer, summary="adopted")
    after = bench.portal.contact(customer)
    assert (after["firstname"], after["jobtitle"], after["city"]) == ("Cleo", "Buyer", "Nowhere")
    assert after[KEY_PROPERTY] == str(stranger)
    assert bench.portal.contacts() == 1


async def test_a_contact_of_a_deleted_identity_goes_to_who_proves_the_address(bench: Bench) -> None:
    first = await bench.identity("shared@example.org", verified=True)
    await bench.send(job_for(first, "shared@example.org", verified=True))
    second = await bench.identity("other@example.org", verified=True)
    job = job_for(second, "shared@example.org", verified=True)
    (foreign,) = await bench.send(job)
    assert isinstance(foreign, Discard)
    await bench.delete(first)
    third = await bench.identity("shared@example.org", verified=True)
    (taken,) = await bench.send(job_for(third, "shared@example.org", verified=True))
    assert isinstance(taken, Delivered)
    assert bench.portal.contact(taken.external_id)[KEY_PROPERTY] == str(third)
    assert bench.portal.contacts() == 1


@pytest.mark.parametrize("kind", ["lost_answer", "reset_mid_body", "truncated", "invalid_json"])
async def test_a_lost_answer_is_tried_again_without_a_double(bench: Bench, kind: str) -> None:
    bench.portal.fault(kind, match={"path": "/batch/upsert"})
    identity = uuid4()
    (lost,) = await bench.send(job_for(identity, "ada@example.org"))
    assert isinstance(lost, Retry)
    assert lost.may_have_applied
    assert bench.portal.contacts() == 1
    (again,) = await bench.send(job_for(identity, "ada@example.org", attempt=2, lost=True))
    assert isinstance(again, Delivered)
    assert bench.portal.contacts() == 1


async def test_a_contact_whose_making_was_never_settled_is_ours_all_the_same(bench: Bench) -> None:
    """The first delivery was given up after its answer was lost, so that only HubSpot knows the contact."""
    identity = uuid4()
    bench.portal.fault("lost_answer", match={"path": "/batch/upsert"})
    (lost,) = await bench.send(job_for(identity, "ada@example.org", firstname="A"))
    assert isinstance(lost, Retry)
    for name in ("B", "C"):
        (done,) = await bench.send(job_for(identity, "ada@example.org", event="identity.updated", firstname=name))
        assert isinstance(done, Delivered)
        assert bench.portal.contact(done.external_id)["firstname"] == name
    settings = {"on_delete": "archive"}
    await bench.send(job_for(identity, None, event="identity.deleted", settings=settings))
    assert bench.portal.contacts() == 0


async def test_a_contact_that_hubspot_itself_hands_over_stays_what_others_made(bench: Bench) -> None:
    """`adopt`: an upsert by our key takes a contact by its e-mail. It was there before it got our key."""
    bench.portal.happen("form_contact", email=CUSTOMER["email"], properties={"jobtitle": "Buyer"})
    bench.portal.sim("/clock", {"advance_s": 60})
    bench.portal.sim("/switches", {"adoption_conflict": "adopt"})
    identity = uuid4()
    await bench.send(job_for(identity, CUSTOMER["email"], city="Berlin"))
    (done,) = await bench.send(job_for(identity, CUSTOMER["email"], event="identity.updated", city="Bonn"))
    assert isinstance(done, Delivered | Hold)
    (link,) = (await StoredLinks(bench.database, "hubspot", SystemClock()).find_links([identity])).values()
    assert link.is_adopted


async def test_a_bad_value_ends_its_own_row_only(bench: Bench) -> None:
    bad, good = await bench.send(job_for(uuid4(), "x@example.con"), job_for(uuid4(), "good@example.org"))
    assert isinstance(bad, Discard)
    assert bad.code == "email_invalid"
    assert "x@" not in bad.reason
    assert isinstance(good, Delivered)


async def test_a_property_that_is_removed_pauses_the_action_and_not_the_others(bench: Bench) -> None:
    assert isinstance((await bench.send(job_for(uuid4(), "a@example.org", city="Rome")))[0], Delivered)
    bench.portal.happen("archive_property", name="city")
    paused, good = await bench.send(job_for(uuid4(), "b@example.org", city="Rome"), job_for(uuid4(), "c@example.org"))
    assert isinstance(paused, Snooze)
    assert paused.pause is not None
    assert (paused.pause.scope, paused.pause.code) == ("action", "property_missing")
    assert isinstance(good, Delivered)


@pytest.mark.parametrize(
    ("action", "details", "code"),
    [
        ("revoke_token", {}, "token_refused"),
        ("expire_token", {}, "token_refused"),
        ("remove_scope", {"scope": "crm.objects.contacts.write"}, "scope_missing"),
        ("archive_property", {"name": KEY_PROPERTY}, "key_property"),
        ("exhaust_day", {}, "daily_limit"),
    ],
)
async def test_what_concerns_the_account_pauses_the_destination(
    bench: Bench, action: str, details: dict[str, Any], code: str
) -> None:
    bench.portal.sim("/plan", {"name": "free"})
    await bench.send(job_for(uuid4(), "a@example.org"))
    bench.portal.happen(action, **details)
    (outcome,) = await bench.send(job_for(uuid4(), "b@example.org"))
    assert isinstance(outcome, Snooze)
    assert outcome.pause is not None
    assert (outcome.pause.scope, outcome.pause.code) == ("destination", code)
    assert TOKEN not in repr(outcome)
    if code == "daily_limit":
        assert outcome.pause.until_s is not None
        assert 0 < outcome.pause.until_s <= 86_400


@pytest.mark.parametrize(
    ("kind", "details", "expected"),
    [
        ("status", {"status": 503}, Retry),
        ("status", {"status": 502, "html": True}, Retry),
        ("status", {"status": 524, "html": True}, Retry),
        ("reset", {}, Retry),
        ("locked", {}, Snooze),
        ("rate_limit", {}, Snooze),
        ("migrating", {"retry_after": 60}, Snooze),
    ],
)
async def test_bad_days_pass_and_nobody_is_lost(
    bench: Bench, kind: str, details: dict[str, Any], expected: type
) -> None:
    bench.portal.fault(kind, match={"path": "/batch/upsert"}, **details)
    identity = uuid4()
    (outcome,) = await bench.send(job_for(identity, "ada@example.org"))
    assert isinstance(outcome, expected)
    (again,) = await bench.send(job_for(identity, "ada@example.org", attempt=2, lost=True))
    assert isinstance(again, Delivered)
    assert bench.portal.contacts() == 1


async def test_records_that_hubspot_fails_are_told_apart(bench: Bench) -> None:
    bench.portal.fault("partial", share=0.5, match={"path": "/batch/upsert"})
    jobs = [job_for(uuid4(), f"p{n}@example.org") for n in range(40)]
    outcomes = await bench.send(*jobs)
    for job, outcome in zip(jobs, outcomes, strict=True):
        assert isinstance(outcome, Delivered) == bool(bench.portal.applied(job.delivery.id))
    assert 0 < sum(isinstance(each, Delivered) for each in outcomes) < 40


@pytest.mark.parametrize("keeps", ["primary", "secondary", "none"])
async def test_after_a_merge_the_survivor_is_the_persons(bench: Bench, keeps: str) -> None:
    bench.portal.sim("/switches", {"merge_unique_value": keeps})
    identity = await bench.identity("ada@example.org", verified=True)
    await bench.send(job_for(identity, "ada@example.org", verified=True))
    other = bench.portal.happen("form_contact", properties={"email": "old@example.org", "firstname": "Old"})["id"]
    survivor = bench.portal.happen("merge_contacts", primary=other, other_email="ada@example.org")["id"]
    update = job_for(identity, "ada@example.org", event="identity.updated", verified=True, city="Rome")
    (outcome,) = await bench.send(update)
    assert isinstance(outcome, Delivered)
    assert outcome.external_id == survivor
    contact = bench.portal.contact(survivor)
    assert contact[KEY_PROPERTY] == str(identity)
    assert contact["city"] == "Rome"
    assert bench.portal.contacts() == 1


async def test_a_contact_archived_by_hand_is_made_anew(bench: Bench) -> None:
    identity = uuid4()
    await bench.send(job_for(identity, "ada@example.org"))
    bench.portal.happen("archive_contact", email="ada@example.org")
    (outcome,) = await bench.send(job_for(identity, "ada@example.org", event="identity.updated"))
    assert isinstance(outcome, Delivered)
    assert bench.portal.contact(outcome.external_id)[KEY_PROPERTY] == str(identity)


@pytest.mark.parametrize("on_delete", ["archive", "gdpr"])
async def test_a_deletion_removes_the_contact_and_may_be_repeated(bench: Bench, on_delete: str) -> None:
    identity = uuid4()
    await bench.send(job_for(identity, "ada@example.org"))
    removal = job_for(identity, None, event="identity.deleted", settings={"on_delete": on_delete})
    assert isinstance((await bench.send(removal))[0], Delivered)
    assert isinstance((await bench.send(removal))[0], Skip)
    assert bench.portal.contacts() == 0


async def test_a_withdrawal_is_the_only_write_and_makes_no_contact(bench: Bench) -> None:
    identity = uuid4()
    (made,) = await bench.send(job_for(identity, "ada@example.org", firstname="Ada"))
    assert isinstance(made, Delivered)
    before = bench.portal.contact(made.external_id)
    assert isinstance(bench.connector, Withdrawer)
    jobs = [job_for(identity, None), job_for(uuid4(), None)]
    outcomes = await bench.connector.send_withdrawals(jobs)
    assert all(isinstance(each, Skip) for each in outcomes.values())
    assert bench.portal.contact(made.external_id) == {**before, "doorward_consent_marketing": "false"} | {
        name: bench.portal.contact(made.external_id)[name] for name in ("lastmodifieddate",) if name in before
    }
    assert bench.portal.contacts() == 1


async def test_lists_take_the_contact(bench: Bench) -> None:
    made = bench.portal.call(
        "POST", "/crm/v3/lists", {"name": "News", "objectTypeId": "0-1", "processingType": "MANUAL"}
    )
    list_id = int(made.body["list"]["listId"])
    (outcome,) = await bench.send(job_for(uuid4(), "ada@example.org", lists=[list_id]))
    assert isinstance(outcome, Delivered)
    members = bench.portal.call("GET", f"/crm/v3/lists/{list_id}/memberships").body["results"]
    assert [each["recordId"] for each in members] == [outcome.external_id]
    (missing,) = await bench.send(job_for(uuid4(), "bob@example.org", lists=[999999]))
    assert isinstance(missing, Snooze)
    assert missing.code == "list_missing"


async def test_another_portal_gets_nothing(bench: Bench) -> None:
    bench.reconnect(portal_id="1")
    (outcome,) = await bench.send(job_for(uuid4(), "ada@example.org"))
    assert isinstance(outcome, Snooze)
    assert outcome.code == "wrong_portal"
    assert bench.portal.contacts() == 0


async def test_the_plan_is_never_exceeded(bench: Bench) -> None:
    """More work than the plan lets through in its window: eight senders, one shared budget, not one 429."""
    bench.portal.sim("/plan", {"name": "free"})
    await bench.send(job_for(uuid4(), "warm@example.org"))
    began = time.monotonic()
    sent = 0

    async def sender(name: int) -> None:
        nonlocal sent
        number = 0
        while time.monotonic() - began < 12:
            wait_s = await bench.parts.budget.take("hubspot")
            if wait_s > 0:
                await asyncio.sleep(min(wait_s, 0.5))
                continue
            (outcome,) = await bench.send(job_for(uuid4(), f"p{name}-{number}@example.org"))
            assert isinstance(outcome, Delivered)
            number += 1
            sent += 1

    await asyncio.gather(*(sender(name) for name in range(8)))
    counters = bench.portal.sim("/counters")
    assert counters["rate_limited"] == 0
    assert sent > 95  # the window was used up, so the limit was really met
