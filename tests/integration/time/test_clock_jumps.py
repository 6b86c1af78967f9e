"""A clock that jumps forwards and backwards by an hour and by a day: nothing is lost, no storm, no endless wait."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from delivery_house import DeliveryHouse
from doorward.delivery.breaker import BreakerSettings, find_breaker
from doorward.delivery.contract import Delivered, Job, Outcome, Pause, Retry, Snooze
from doorward.delivery.leader import Leadership
from doorward.outbox.claim import Lease, claim
from doorward.outbox.model import Delivery
from doorward.outbox.states import State
from doorward.storage.contract import Transaction
from scripted_connector import accept

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
JUMPS = (HOUR, DAY)
ALIKE = (
    "event_id, event_kind, seq, position, action, connector, state, payload, not_before, trace_id, created_at, "
    "updated_at, waiting_since"
)


def jump(house: DeliveryHouse, by: timedelta) -> None:
    house.clock.move(seconds=by.total_seconds())


def fail(job: Job) -> Outcome:
    return Retry("away", "No answer.", http_status=503)


async def states(house: DeliveryHouse, *people: Any) -> Mapping[State, int]:
    rows = [row for person in people for row in await house.line(person.identity.id)]
    return {state: sum(row.state is state for row in rows) for state in State if any(r.state is state for r in rows)}


@pytest.mark.parametrize("by", JUMPS)
async def test_forwards_makes_a_waiting_retry_due_once(house: DeliveryHouse, by: timedelta) -> None:
    """The jump shortens the one wait that it falls into; the next wait is counted from the new time."""
    person = await house.sign_up("ada@example.org")
    house.crm.answer = fail
    dispatcher = house.dispatcher()
    assert await dispatcher.run_once() == 1
    jump(house, by)
    assert await dispatcher.run_once() == 1
    assert await dispatcher.run_once() == 0
    (row,) = await house.line(person.identity.id)
    assert (row.state, row.attempts) == (State.RETRYABLE, 2)
    assert row.not_before == house.clock.now() + timedelta(seconds=60)


@pytest.mark.parametrize("by", JUMPS)
async def test_backwards_keeps_what_a_retry_had_left_to_wait(house: DeliveryHouse, by: timedelta) -> None:
    person = await house.sign_up("ada@example.org")
    house.crm.answer = fail
    dispatcher = house.dispatcher()
    assert await dispatcher.run_once() == 1
    house.crm.answer = accept
    jump(house, -by)
    assert await dispatcher.run_once() == 0
    (row,) = await house.line(person.identity.id)
    assert row.not_before == house.clock.now() + timedelta(seconds=10)
    house.clock.move(seconds=10)
    assert await dispatcher.run_once() == 1
    assert await states(house, person) == {State.DELIVERED: 1}


@pytest.mark.parametrize("by", JUMPS)
@pytest.mark.parametrize("is_new_process", [False, True])
async def test_who_signed_up_while_the_clock_was_ahead_is_sent_when_it_is_right(
    house: DeliveryHouse, by: timedelta, is_new_process: bool
) -> None:
    dispatcher = house.dispatcher()
    await dispatcher.run_once()
    jump(house, by)
    await dispatcher.run_once()
    people = [await house.sign_up(f"p{number}@example.org") for number in range(3)]
    jump(house, -by)
    if is_new_process:
        dispatcher = house.dispatcher()
    assert await dispatcher.run_once() == 3
    assert await states(house, *people) == {State.DELIVERED: 3}


async def test_more_rows_than_are_mended_at_once_come_back(house: DeliveryHouse) -> None:
    jump(house, DAY)
    await house.sign_up("ada@example.org")

    async def copy(tx: Transaction) -> None:
        for _ in range(1200):
            await tx.execute(
                f"INSERT INTO deliveries (id, identity_id, destination, {ALIKE}) "
                f"SELECT :id, :identity, 'nowhere', {ALIKE} FROM deliveries WHERE destination = 'crm'",
                {"id": uuid4(), "identity": uuid4()},
            )

    await house.database.transaction(copy)
    jump(house, -DAY)
    assert await house.dispatcher().run_once() == 1
    row = await house.database.reader.fetch_one(
        "SELECT count(*) AS ahead FROM deliveries WHERE not_before > :now", {"now": house.clock.now()}
    )
    assert row is not None
    assert row["ahead"] == 0


@pytest.mark.parametrize("by", JUMPS)
async def test_the_lease_of_a_worker_that_died_ahead_runs_out(house: DeliveryHouse, by: timedelta) -> None:
    jump(house, by)
    person = await house.sign_up("ada@example.org")
    assert len(await claimed(house)) == 1
    jump(house, -by)
    dispatcher = house.dispatcher()
    assert await dispatcher.run_once() == 0
    house.clock.move(seconds=61)
    assert await dispatcher.run_once() == 1
    assert await states(house, person) == {State.DELIVERED: 1}


@pytest.mark.parametrize("by", [HOUR, DAY, -HOUR, -DAY])
async def test_a_jump_during_a_send_loses_nothing(house: DeliveryHouse, by: timedelta) -> None:
    """Forwards its lease is over, so that the answer is not written and the row is sent again; backwards it is."""
    person = await house.sign_up("ada@example.org")

    def answer(job: Job) -> Outcome:
        jump(house, by)
        house.crm.answer = accept
        return Delivered("x")

    house.crm.answer = answer
    dispatcher = house.dispatcher()
    await dispatcher.run_once()
    await dispatcher.run_once()
    (row,) = await house.line(person.identity.id)
    assert row.state is State.DELIVERED
    assert len(house.crm.ledger) == (2 if by > timedelta() else 1)
    assert [job.may_have_applied for job in house.crm.ledger] == [False, True][: len(house.crm.ledger)]


@pytest.mark.parametrize("by", [HOUR, DAY, -HOUR, -DAY])
async def test_a_jump_makes_no_storm_within_the_budget(house: DeliveryHouse, by: timedelta) -> None:
    """After a jump no window of the new time holds more calls than the limit; backwards, those made count as now."""
    calls: list[float] = []
    await house.budget.learn("crm", limit=5, interval_s=10)
    people = [await house.sign_up(f"p{number}@example.org") for number in range(30)]
    house.crm._batch_limit = 1

    def answer(job: Job) -> Outcome:
        calls.append(house.clock.now().timestamp())
        if len(calls) == 4:
            jump(house, by)
        return Delivered("x")

    house.crm.answer = answer
    dispatcher = house.dispatcher(concurrency=1)
    for _ in range(20):
        await dispatcher.run_once()
        house.clock.move(seconds=61)
    assert await states(house, *people) == {State.DELIVERED: 30}
    after = calls[4:]
    assert max(sum(start <= call < start + 10 for call in after) for start in after) <= 5
    if by < timedelta():
        assert after[0] >= calls[3] + by.total_seconds()
        assert sum(call < after[0] + 10 for call in after) <= 5


@pytest.mark.parametrize("by", JUMPS)
async def test_a_breaker_that_opened_ahead_does_not_stay_open(house: DeliveryHouse, by: timedelta) -> None:
    jump(house, by)
    person = await house.sign_up("ada@example.org")
    house.crm.answer = fail
    await house.dispatcher(breaker=BreakerSettings(threshold=1)).run_once()
    assert (await find_breaker(house.database.reader, "crm")).open_until is not None
    jump(house, -by)
    house.crm.answer = accept
    dispatcher = house.dispatcher()
    assert await dispatcher.run_once() == 0
    house.clock.move(seconds=10)
    assert await dispatcher.run_once() == 1
    assert await states(house, person) == {State.DELIVERED: 1}


@pytest.mark.parametrize("scope", ["destination", "action"])
async def test_a_pause_that_began_ahead_lasts_as_long_as_it_was_to(house: DeliveryHouse, scope: Any) -> None:
    jump(house, DAY)
    person = await house.sign_up("ada@example.org")
    house.crm.answer = lambda job: Snooze("spent", "The day is spent.", 60.0, Pause(scope, "spent", "…", until_s=600))
    await house.dispatcher().run_once()
    house.crm.answer = accept
    jump(house, -DAY)
    dispatcher = house.dispatcher()
    assert await dispatcher.run_once() == 0
    house.clock.move(seconds=599)
    assert await dispatcher.run_once() == 0
    house.clock.move(seconds=301)
    assert await dispatcher.run_once() == 1
    assert await states(house, person) == {State.DELIVERED: 1}


async def test_a_pause_that_waits_for_a_person_is_left_alone(house: DeliveryHouse) -> None:
    jump(house, DAY)
    await house.sign_up("ada@example.org")
    house.crm.answer = lambda job: Snooze("revoked", "The key.", 60.0, Pause("destination", "revoked", "…"))
    await house.dispatcher().run_once()
    house.crm.answer = accept
    jump(house, -DAY)
    house.clock.move(days=3)
    assert await house.dispatcher().run_once() == 0


@pytest.mark.parametrize("by", JUMPS)
async def test_a_leader_that_died_ahead_does_not_lead_for_ever(house: DeliveryHouse, by: timedelta) -> None:
    jump(house, by)
    dead = Leadership(house.database, house.clock, "dead", 10)
    assert await dead.hold()
    jump(house, -by)
    assert await Leadership(house.database, house.clock, "alive", 10).hold()


async def test_a_leader_that_lives_leads_on_over_a_jump(house: DeliveryHouse) -> None:
    leader = Leadership(house.database, house.clock, "one", 10)
    other = Leadership(house.database, house.clock, "two", 10)
    assert await leader.hold()
    for by in (HOUR, -DAY, DAY):
        jump(house, by)
        assert await leader.hold()
        assert await other.hold() is (house.database.dialect.name == "postgres")


async def test_order_and_the_last_state_do_not_depend_on_the_clock(house: DeliveryHouse) -> None:
    person = await house.sign_up("ada@example.org", name="0")
    for number, by in enumerate((DAY, -2 * DAY, HOUR, -HOUR, DAY), 1):
        jump(house, by)
        await house.change(person.identity.id, email="ada@example.org", news=True, name=str(number))
    dispatcher = house.dispatcher()
    for _ in range(7):
        await dispatcher.run_once()
        house.clock.move(seconds=301)
    names = [job.context["identity"]["traits"]["name"] for job in house.crm.ledger]
    assert names == ["0", "1", "2", "3", "4", "5"]


async def test_a_no_that_is_older_by_the_clock_is_still_the_newest(house: DeliveryHouse) -> None:
    person = await house.sign_up("ada@example.org")
    jump(house, -DAY)
    await house.change(person.identity.id, email="ada@example.org", news=False)
    dispatcher = house.dispatcher()
    await dispatcher.run_once()
    jump(house, 3 * DAY)
    await dispatcher.run_once()
    assert house.crm.ledger == []


async def claimed(house: DeliveryHouse) -> list[Delivery]:
    """A claim by a worker that will never come back."""

    async def work(tx: Transaction) -> list[Delivery]:
        now = house.clock.now()
        return await claim(tx, "crm", Lease("gone", uuid4(), now + timedelta(seconds=60)), now, 10)

    return await house.database.transaction(work)
