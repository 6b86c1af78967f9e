"""Claims on queues of awkward shapes: many rows that stand behind others, and what is laid aside."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from doorward.clock import MovableClock
from doorward.ids import new_row_id
from doorward.outbox.claim import Lease, claim, find_next_due, has_due, lay_aside, list_busy_destinations
from doorward.outbox.model import Delivery, NewDelivery, NewEvent
from doorward.outbox.settle import Verdict, settle
from doorward.outbox.states import State
from doorward.outbox.store import insert_deliveries, insert_event
from doorward.storage.contract import Database, Transaction


async def queue(database: Database, *rows: tuple[UUID, int, datetime], destination: str = "crm") -> None:
    """Rows by identity, number and time at which they are due."""
    event = NewEvent(new_row_id(), "identity.updated", uuid4(), 1, rows[0][2], "test", None, None, None, "")

    async def work(tx: Transaction) -> None:
        await insert_event(tx, event)
        await insert_deliveries(
            tx,
            [
                NewDelivery(
                    new_row_id(), event.id, event.kind, who, seq, "a", "x", destination, b"{}", due, due, "trace"
                )
                for who, seq, due in rows
            ],
        )

    await database.transaction(work)


async def take(database: Database, now: datetime, limit: int, token: UUID | None = None) -> list[Delivery]:
    async def work(tx: Transaction) -> list[Delivery]:
        return await claim(tx, "crm", Lease("w", token or uuid4(), now + timedelta(seconds=60)), now, limit)

    return await database.transaction(work)


async def aside(database: Database, now: datetime, limit: int = 1000) -> int:
    async def work(tx: Transaction) -> int:
        return await lay_aside(tx, "crm", now, limit)

    return await database.transaction(work)


async def test_a_row_behind_hundreds_that_cannot_go_is_found(database: Database, clock: MovableClock) -> None:
    now = clock.now()
    lines = [uuid4() for _ in range(300)]
    soon = now + timedelta(seconds=20)
    await queue(database, *((who, 1, soon) for who in lines))
    await queue(database, *((who, 2, now - timedelta(seconds=5)) for who in lines))
    fresh = uuid4()
    await queue(database, (fresh, 1, now))
    assert [each.identity_id for each in await take(database, now, 1)] == [fresh]
    assert await take(database, now, 1) == []


async def test_what_stands_behind_a_row_that_rests_is_laid_aside_and_freed_by_its_end(
    database: Database, clock: MovableClock
) -> None:
    now = clock.now()
    who, later = uuid4(), now + timedelta(hours=1)
    await queue(database, (who, 1, later))
    await queue(database, (who, 2, now), (who, 3, now))
    assert await has_due(database.reader, "crm", now)
    assert await take(database, now, 10) == []
    assert await aside(database, now) == 2
    assert not await has_due(database.reader, "crm", now)
    token = uuid4()
    clock.moment = later
    (head,) = await take(database, later, 10, token)
    assert head.seq == 1

    async def work(tx: Transaction) -> frozenset[UUID]:
        return await settle(tx, "crm", {head.id: token}, [Verdict(head.id, State.SKIPPED, later)], later)

    assert await database.transaction(work) == {head.id}
    assert [each.seq for each in await take(database, later, 10)] == [2]


async def test_what_stands_behind_a_row_in_flight_is_not_laid_aside(database: Database, clock: MovableClock) -> None:
    """Its end, at this very moment, could not see that, and would not free it."""
    now = clock.now()
    who = uuid4()
    await queue(database, (who, 1, now), (who, 2, now))
    assert len(await take(database, now, 10)) == 1
    assert await aside(database, now) == 0


async def test_busy_destinations_are_those_with_rows_to_claim(database: Database, clock: MovableClock) -> None:
    now = clock.now()
    assert await list_busy_destinations(database.reader, database.dialect) == []
    await queue(database, (uuid4(), 1, now))
    await queue(database, (uuid4(), 1, now + timedelta(hours=1)), destination="mail")
    await queue(database, (uuid4(), 1, now), destination="a")
    assert await list_busy_destinations(database.reader, database.dialect) == ["a", "crm", "mail"]
    assert await find_next_due(database.reader, "crm", now) is None
    await take(database, now, 1)
    assert await list_busy_destinations(database.reader, database.dialect) == ["a", "mail"]
