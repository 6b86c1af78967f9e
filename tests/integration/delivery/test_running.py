"""The loop itself: wakes, stop and drain, one leader on SQLite, a database that goes away. Real time, no sleeps."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from delivery_house import DeliveryHouse
from doorward.clock import MovableClock
from doorward.delivery.dispatcher import Dispatcher
from doorward.delivery.leader import Leadership
from doorward.delivery.pauses import pause
from doorward.outbox.channels import SETTLED
from doorward.outbox.settled import SettledWaiter, Settlement
from doorward.outbox.states import State
from doorward.storage.contract import Database
from doorward.storage.dialect import SQLITE
from doorward.storage.engine import open_database

LIMIT_S = 20.0


class RunningClock(MovableClock):
    """Moves by itself."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
def house(database: Database) -> DeliveryHouse:
    house = DeliveryHouse(database, RunningClock())
    house.sleep = asyncio.sleep
    return house


@asynccontextmanager
async def running(dispatcher: Dispatcher) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(dispatcher.run())
    try:
        yield task
    finally:
        dispatcher.stop()
        async with asyncio.timeout(LIMIT_S):
            await task


async def settled(house: DeliveryHouse, delivery_id: object) -> None:
    """Waits, by the outbox's own wakes, until a delivery has ended."""
    subscription = house.database.subscribe(SETTLED)
    async with asyncio.timeout(LIMIT_S):
        while True:
            row = await house.database.reader.fetch_one(
                "SELECT settled_at FROM deliveries WHERE id = :id", {"id": delivery_id}
            )
            if row is not None and row["settled_at"] is not None:
                break
            await subscription.wait(0.2)
    subscription.close()


async def test_a_sign_up_wakes_it_long_before_it_would_look(house: DeliveryHouse) -> None:
    async with running(house.dispatcher(poll_s=3600.0)):
        for number in range(3):
            person = await house.sign_up(f"p{number}@example.org")
            await settled(house, person.recorded.deliveries[0])
    assert len(house.crm.ledger) == 3


async def test_what_another_process_wrote_is_found_by_looking(house: DeliveryHouse, dsn: str) -> None:
    """On SQLite no wake comes from another process."""
    other = open_database(dsn, house.clock)
    await other.start()
    async with running(house.dispatcher(poll_s=0.05)):
        person = await DeliveryHouse(other, RunningClock()).sign_up("ada@example.org", consents=())
        await settled(house, person.recorded.deliveries[0])
    await other.close()
    assert (await house.line(person.identity.id))[0].state is State.SKIPPED


async def test_stopping_lets_what_is_in_flight_end_and_claims_nothing_more(house: DeliveryHouse) -> None:
    house.crm.gate = asyncio.Event()
    first = await house.sign_up("ada@example.org")
    dispatcher = house.dispatcher()
    task = asyncio.create_task(dispatcher.run())
    await house.crm.arrived.wait()
    dispatcher.stop()
    second = await house.sign_up("bob@example.org")
    house.crm.gate.set()
    async with asyncio.timeout(LIMIT_S):
        await task
    assert (await house.line(first.identity.id))[0].state is State.DELIVERED
    assert (await house.line(second.identity.id))[0].state is State.PENDING


async def test_a_drain_that_takes_too_long_leaves_an_unknown_answer_and_nothing_leased(house: DeliveryHouse) -> None:
    house.crm.gate = asyncio.Event()
    person = await house.sign_up("ada@example.org")
    dispatcher = house.dispatcher(drain_s=0.0)
    task = asyncio.create_task(dispatcher.run())
    await house.crm.arrived.wait()
    dispatcher.stop()
    async with asyncio.timeout(LIMIT_S):
        await task
    (delivery,) = await house.line(person.identity.id)
    assert (delivery.state, delivery.reason_code, delivery.may_have_applied) == (State.RETRYABLE, "stopped", True)


async def test_a_lease_is_kept_during_a_send_that_is_longer_than_it(house: DeliveryHouse) -> None:
    house.crm.gate = asyncio.Event()
    person = await house.sign_up("ada@example.org")
    async with running(house.dispatcher(lease_s=1.2, housekeeping_s=0.1, poll_s=0.1)):
        await house.crm.arrived.wait()
        until = [(await house.line(person.identity.id))[0].lease_until]
        async with asyncio.timeout(LIMIT_S):
            while len(set(until)) < 5:
                await asyncio.sleep(0.05)
                until.append((await house.line(person.identity.id))[0].lease_until)
        house.crm.gate.set()
        await settled(house, person.recorded.deliveries[0])
    (delivery,) = await house.line(person.identity.id)
    assert (delivery.state, delivery.attempts) == (State.DELIVERED, 1)
    assert len(house.crm.ledger) == 1


async def test_on_sqlite_one_leads_and_another_takes_over(house: DeliveryHouse) -> None:
    leaders = [Leadership(house.database, house.clock, name, 0.0001) for name in ("a", "b")]
    lasting = Leadership(house.database, house.clock, "c", 60.0)
    if house.database.dialect is not SQLITE:
        assert [await each.hold() for each in (*leaders, lasting)] == [True, True, True]
        return
    assert await leaders[0].hold()
    # a's time is over by now.
    assert await lasting.hold()
    assert await lasting.hold()
    assert not await leaders[1].hold()
    await lasting.release()
    assert await leaders[1].hold()


async def test_a_request_hears_of_the_first_attempts(house: DeliveryHouse) -> None:
    waiter = SettledWaiter(house.database, house.clock)
    person = await house.sign_up("ada@example.org")
    ids = person.recorded.deliveries
    async with running(house.dispatcher()):
        found = await waiter.wait(ids, LIMIT_S)
    assert dict(found) == {ids[0]: Settlement(State.DELIVERED)}


async def test_a_request_is_told_where_it_stands_when_its_time_is_over(house: DeliveryHouse) -> None:
    person = await house.sign_up("ada@example.org")
    found = await SettledWaiter(house.database, house.clock).wait(person.recorded.deliveries, 0.0)
    assert [each.state for each in found.values()] == [State.PENDING]


async def test_a_request_waits_for_no_action_that_rests(house: DeliveryHouse) -> None:
    now = house.clock.now()
    await house.database.transaction(lambda tx: pause(tx, "action", "crm", "unauthorised", "No.", now, 600.0))
    person = await house.sign_up("ada@example.org")
    (delivery_id,) = person.recorded.deliveries
    async with asyncio.timeout(LIMIT_S):
        found = await SettledWaiter(house.database, house.clock).wait([delivery_id], 10 * LIMIT_S)
    assert dict(found) == {delivery_id: Settlement(State.PENDING, None, "unauthorised")}
