"""The watch's questions against a queue of many destinations and states, on both databases."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from doorward.clock import MovableClock
from doorward.ids import new_row_id
from doorward.outbox.model import NewDelivery, NewEvent
from doorward.outbox.queues import count_dead, count_dead_by_code, count_waiting, list_oldest_waiting
from doorward.outbox.states import WAITING, State
from doorward.outbox.store import insert_deliveries, insert_event
from doorward.storage.contract import Database, Transaction

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
DESTINATIONS = ("crm", "crm2", "über", "z")


@dataclass(frozen=True, slots=True)
class Row:
    destination: str
    state: State
    since: datetime
    code: str


ROWS = [
    Row(destination, state, START + timedelta(minutes=number * 7 % 50), f"code{number % 3}")
    for number, (destination, state, _) in enumerate(itertools.product(DESTINATIONS[:3], State, range(3)))
] + [Row("z", State.HELD, START, "code0"), Row("z", State.RETRYABLE, START + timedelta(hours=1), "code0")]


@pytest.fixture
async def queue(database: Database, clock: MovableClock) -> Database:
    async def fill(tx: Transaction) -> None:
        for row in ROWS:
            event = NewEvent(new_row_id(), "identity.created", uuid4(), 1, row.since, "cli", None, None, None, "t" * 32)
            await insert_event(tx, event)
            delivery = NewDelivery(
                id=new_row_id(),
                event_id=event.id,
                event_kind=event.kind,
                identity_id=event.identity_id,
                seq=1,
                action="a",
                connector="c",
                destination=row.destination,
                state=State.PENDING,
                payload=b"x",
                not_before=row.since,
                held_for=None,
                reason_code=row.code,
                reason=None,
                trace_id="t" * 32,
                created_at=row.since,
            )
            await insert_deliveries(tx, [delivery])
            params = {"state": row.state, "id": delivery.id}
            await tx.execute("UPDATE deliveries SET state = :state WHERE id = :id", params)

    await database.transaction(fill)
    return database


def expected_oldest() -> Mapping[str, datetime]:
    return {
        name: min(each.since for each in ROWS if each.destination == name and each.state in WAITING)
        for name in DESTINATIONS
    }


async def test_the_oldest_of_each_destination(queue: Database) -> None:
    assert await list_oldest_waiting(queue.reader, queue.dialect) == expected_oldest()


async def test_counts(queue: Database) -> None:
    reader, dialect = queue.reader, queue.dialect
    assert await count_dead(reader, dialect) == dict.fromkeys(DESTINATIONS[:3], 3)
    assert await count_dead(reader, dialect, limit=2) == dict.fromkeys(DESTINATIONS[:3], 2)
    assert [await count_waiting(reader, dialect, name) for name in (*DESTINATIONS, "nobody")] == [9, 9, 9, 1, 0]
    assert await count_dead_by_code(reader, dialect, "crm") == {"code0": 1, "code1": 1, "code2": 1}
    assert await count_dead_by_code(reader, dialect, "z") == {}


async def test_an_empty_queue(database: Database) -> None:
    assert await list_oldest_waiting(database.reader, database.dialect) == {}
    assert await count_dead(database.reader, database.dialect) == {}
