"""A person's acts: replay, discard, reveal; and what `explain` and the accounting make of a life."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from delivery_house import CRM, DeliveryHouse
from doorward.actions.model import Trigger
from doorward.audit import list_audit
from doorward.delivery.accounting import account
from doorward.delivery.breaker import BreakerSettings, record_failure
from doorward.delivery.contract import Discard, Hold
from doorward.delivery.explain import explain
from doorward.delivery.prune import delete_ended, shred
from doorward.delivery.replay import (
    DeliveryNotFound,
    NotDiscardable,
    NotReplayable,
    PayloadShredded,
    Superseded,
    discard,
    replay,
    replay_all,
)
from doorward.delivery.reveal import reveal
from doorward.outbox.query import Filter, count_by_state
from doorward.outbox.states import State
from doorward.storage.contract import Transaction
from scripted_connector import accept


async def test_a_dead_letter_releases_what_is_behind_it_and_is_replayed_at_the_end(house: DeliveryHouse) -> None:
    person = (await house.sign_up("ada@example.org", name="0")).identity.id
    await house.change(person, email="ada@example.org", news=True, name="1")
    house.crm.answer = lambda job: Discard("bad_value", "No.") if job.delivery.seq == 1 else accept(job)
    await house.dispatcher().run_once()
    dead, delivered = await house.line(person)
    assert (dead.state, delivered.state) == (State.DEAD, State.DELIVERED)
    await house.change(person, email="ada@example.org", news=True, name="2")
    with pytest.raises(Superseded):
        await replay(house.database, house.clock, dead.id, "test")
    done = await replay_all(house.database, house.clock, Filter((State.DEAD,)), "test")
    assert (done.replayed, done.superseded) == (0, 1)
    await replay(house.database, house.clock, dead.id, "test", anyway=True)
    assert [each.id for each in await house.line(person)][-1] == dead.id
    house.crm.answer = accept
    await house.dispatcher().run_once()
    assert [job.delivery.seq for job in house.crm.ledger] == [1, 2, 3, 1]
    again = await house.get(dead.id)
    assert (again.state, again.replays, again.attempts) == (State.DELIVERED, 1, 1)
    (line,) = await list_audit(house.database.reader, 10)
    assert (line["actor"], line["act"], line["details"]["from"]) == ("test", "delivery.replayed", "dead")


async def test_a_new_event_comes_after_a_replay_that_was_asked_for_before(house: DeliveryHouse) -> None:
    person = (await house.sign_up("ada@example.org", name="0")).identity.id
    await house.dispatcher().run_once()
    (first,) = await house.line(person)
    await replay(house.database, house.clock, first.id, "test")
    await house.change(person, email="ada@example.org", news=True, name="1")
    await house.dispatcher().run_once()
    assert [job.delivery.seq for job in house.crm.ledger] == [1, 1, 2]


async def test_only_ended_rows_with_a_payload_are_replayed(house: DeliveryHouse) -> None:
    person = (await house.sign_up("ada@example.org")).identity.id
    (delivery,) = await house.line(person)
    with pytest.raises(NotReplayable):
        await replay(house.database, house.clock, delivery.id, "test")
    with pytest.raises(DeliveryNotFound):
        await replay(house.database, house.clock, uuid4(), "test")
    await house.dispatcher().run_once()
    house.clock.move(days=31)
    assert await shred(house.database, house.clock, timedelta(days=30)) == 1
    with pytest.raises(PayloadShredded):
        await replay(house.database, house.clock, delivery.id, "test")


async def test_many_are_replayed_by_filter(house: DeliveryHouse) -> None:
    house.crm.answer = lambda job: Discard("bad_value", "No.")
    for number in range(7):
        await house.sign_up(f"p{number}@example.org")
    await house.dispatcher().run_once()
    house.crm.answer = accept
    done = await replay_all(house.database, house.clock, Filter((State.DEAD,), destination="crm"), "test")
    assert (done.replayed, done.shredded) == (7, 0)
    await house.dispatcher().run_once()
    counts = await count_by_state(house.database.reader, Filter())
    assert counts[State.DELIVERED] == 7
    with pytest.raises(NotReplayable):
        await replay_all(house.database, house.clock, Filter((State.PENDING,)), "test")


async def test_a_discard_lets_the_next_one_go(house: DeliveryHouse) -> None:
    house.actions.actions = [replace(CRM, when="verified")]
    person = (await house.sign_up("ada@example.org")).identity.id
    await house.dispatcher().run_once()
    (held,) = await house.line(person)
    await discard(house.database, house.clock, held.id, "test", "wrong person")
    found = await house.get(held.id)
    assert (found.state, found.reason) == (State.CANCELLED, "Given up by test: wrong person")
    with pytest.raises(NotDiscardable):
        await discard(house.database, house.clock, held.id, "test")


async def test_revealing_a_payload_leaves_a_line_in_the_audit_log(house: DeliveryHouse) -> None:
    person = (await house.sign_up("ada@example.org", name="Ada")).identity.id
    (delivery,) = await house.line(person)
    context = await reveal(house.database, house.keys, house.clock, delivery.id, "test")
    assert context["identity"]["traits"]["name"] == "Ada"
    assert [each["act"] for each in await list_audit(house.database.reader, 10)] == ["delivery.revealed"]


async def test_retention_keeps_dead_letters_and_each_newest_row(house: DeliveryHouse) -> None:
    person = (await house.sign_up("ada@example.org")).identity.id
    await house.change(person, email="ada@example.org", news=True, name="1")
    house.crm.answer = lambda job: Discard("bad_value", "No.") if job.delivery.seq == 1 else accept(job)
    await house.dispatcher().run_once()
    await house.change(person, email="ada@example.org", news=True, name="2")
    await house.dispatcher().run_once()
    house.clock.move(days=31 * 12)
    assert await shred(house.database, house.clock, timedelta(days=30)) == 2
    assert await delete_ended(house.database, house.clock, timedelta(days=30)) == 1
    assert [(each.seq, each.state) for each in await house.line(person)] == [
        (1, State.DEAD),
        (3, State.DELIVERED),
    ]


async def test_a_life_is_told_in_order(house: DeliveryHouse) -> None:
    person = (await house.sign_up("ada@example.org")).identity.id
    await house.dispatcher().run_once()
    house.clock.move(seconds=1)
    await house.change(person, email="ada@example.org", news=False)
    await house.dispatcher().run_once()
    line = await explain(house.database, house.actions, house.clock, person)
    assert line.is_here
    assert [each.at for each in line.entries] == sorted(each.at for each in line.entries)
    told = [each.text for each in line.entries]
    assert told[0].startswith("registered (cli")
    assert "yes to marketing (text version 1, flow)" in told
    assert any(text.startswith("attempt 1 delivered with 200") for text in told)
    assert f"delivered as x-{person}" in told
    (standing,) = line.standings
    assert (standing.state, standing.text) == ("skipped", "skipped: The newest answer about 'marketing' is no.")
    assert "ada@example.org" not in repr(line)


async def test_who_waits_for_a_destination_that_does_not_answer_is_told_so(house: DeliveryHouse) -> None:
    person = (await house.sign_up("ada@example.org")).identity.id

    async def fail(tx: Transaction) -> None:
        await record_failure(tx, CRM.destination, house.clock.now(), BreakerSettings(threshold=1))

    await house.database.transaction(fail)
    (standing,) = (await explain(house.database, house.actions, house.clock, person)).standings
    assert standing.text.startswith(f"waits: {CRM.destination} did not answer lately, and is asked again at ")
    house.clock.move(hours=1)
    (standing,) = (await explain(house.database, house.actions, house.clock, person)).standings
    assert standing.text == f"waits: {CRM.destination} did not answer lately, and is asked now"


async def test_who_waits_behind_a_held_delivery_is_told_what_that_waits_for(house: DeliveryHouse) -> None:
    house.crm.answer = lambda _job: Hold("address_verified", "address_not_verified", "The address is not verified.")
    person = (await house.sign_up("ada@example.org")).identity.id
    await house.dispatcher().run_once()

    async def queue_another(tx: Transaction) -> None:
        await tx.execute(
            """
            INSERT INTO deliveries (id, event_id, event_kind, identity_id, seq, position, action, connector,
              destination, state, payload, not_before, waiting_since, trace_id, created_at, updated_at)
            SELECT :id, event_id, 'identity.updated', identity_id, 2, position + 1, action, connector, destination,
              'pending', payload, not_before, waiting_since, trace_id, created_at, updated_at FROM deliveries
            """,
            {"id": uuid4()},
        )

    await house.database.transaction(queue_another)
    (standing,) = (await explain(house.database, house.actions, house.clock, person)).standings
    assert standing.text == "waits behind an earlier delivery, which is held: The address is not verified."


async def test_nobody_is_unexplained_and_a_missing_row_is(house: DeliveryHouse) -> None:
    house.crm.answer = lambda job: Discard("bad_value", "No.") if job.delivery.seq == 1 else accept(job)
    dead = (await house.sign_up("dead@example.org")).identity.id
    await house.dispatcher().run_once()
    house.crm.answer = accept
    await house.sign_up("ada@example.org")
    await house.sign_up("eve@example.org", consents=())
    await house.dispatcher().run_once()
    await house.sign_up("waiting@example.org")
    (counted,) = await account(house.database, house.actions, house.gate)
    assert counted.identities == 4
    assert {name: number for name, number in counted.consenting.items() if number} == {
        "delivered": 1,
        "waiting": 1,
        "dead": 1,
    }
    assert (counted.consents, counted.unexplained) == (3, 0)

    async def lose(tx: Transaction) -> int:
        return await tx.execute("DELETE FROM deliveries WHERE identity_id = :id", {"id": dead})

    assert await house.database.transaction(lose) == 1
    (counted,) = await account(house.database, house.actions, house.gate)
    assert (counted.unexplained, counted.unexplained_ids) == (1, (dead,))
    assert (await explain(house.database, house.actions, house.clock, dead)).standings[0].state == "unexplained"


async def test_who_was_there_before_an_action_or_came_another_way_is_not_missing(house: DeliveryHouse) -> None:
    house.actions.actions = []
    person = (await house.sign_up("ada@example.org")).identity.id
    house.clock.move(seconds=1)
    by_flow = replace(CRM, name="by-flow", trigger=Trigger("identity.created", "registration"))
    house.actions.actions = [CRM, by_flow]
    await house.dispatcher().run_once()
    counted = await account(house.database, house.actions, house.gate)
    assert [(each.standings["uncovered"], each.unexplained) for each in counted] == [(1, 0), (1, 0)]
    line = await explain(house.database, house.actions, house.clock, person)
    assert [each.state for each in line.standings] == ["uncovered", "uncovered"]
    assert "before the action" in line.standings[0].text
    assert "came by cli" in line.standings[1].text
