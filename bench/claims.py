"""What a claim and its settling cost with a table full of delivered rows beside the queue, on SQLite and PostgreSQL."""

import argparse
import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from doorward.clock import SystemClock
from doorward.ids import new_row_id
from doorward.outbox.claim import Lease, claim
from doorward.outbox.model import Delivery, NewDelivery, NewEvent
from doorward.outbox.settle import Verdict, settle
from doorward.outbox.states import State
from doorward.outbox.store import insert_deliveries, insert_event
from doorward.storage.contract import Database, Transaction
from doorward.storage.engine import open_database
from doorward.storage.migrate import migrate
from postgres_server import running_postgres
from stack import report

ENDED = """
INSERT INTO deliveries (id, event_id, event_kind, identity_id, seq, position, action, connector, destination, state,
  payload, attempts, not_before, waiting_since, external_id, trace_id, created_at, updated_at, settled_at)
VALUES (:id, :event_id, 'identity.created', :identity_id, 1, 1048576, 'hubspot', 'hubspot', 'crm', 'delivered',
  :payload, 1, :at, :at, '1', '0af7651916cd43dd8448eb211c80319c', :at, :at, :at)
"""
CHUNK = 5_000
BATCH = 100


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds for a hundred rows."""

    claim_ms: float
    settle_ms: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delivered", type=int, default=1_000_000, help="ended rows in the table")
    parser.add_argument("--rounds", type=int, default=40, help="claims of a hundred rows in each measurement")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    for kind in arguments.database:
        if kind == "sqlite":
            with tempfile.TemporaryDirectory(prefix="doorward-bench-") as folder:
                figures = asyncio.run(
                    measure((f"sqlite://{folder}/empty.sqlite", f"sqlite://{folder}/full.sqlite"), arguments)
                )
        else:
            with running_postgres(is_durable=True) as server:
                server.create_database("empty")
                server.create_database("full")
                figures = asyncio.run(measure((server.dsn("empty"), server.dsn("full")), arguments))
        report(f"claims of 100 rows beside {arguments.delivered:,} delivered ones, {kind}", figures, arguments.json)


async def measure(dsns: tuple[str, str], arguments: argparse.Namespace) -> dict[str, Any]:
    """An empty and a full database take turns, so that a busy machine hurts both alike."""
    async with opened(dsns[0]) as empty, opened(dsns[1]) as full:
        await fill(full, arguments.delivered)
        costs: dict[Database, list[Cost]] = {empty: [], full: []}
        for number in range(-5, arguments.rounds):
            for database, found in costs.items():
                cost = await one_round(database)
                if number >= 0:  # the first rounds warm up
                    found.append(cost)
        slim, thick = median(costs[empty]), median(costs[full])
    return {
        "claim ms, table empty": slim.claim_ms,
        "claim ms, table full": thick.claim_ms,
        "claim, full / empty": thick.claim_ms / slim.claim_ms,
        "settle ms, table empty": slim.settle_ms,
        "settle ms, table full": thick.settle_ms,
        "settle, full / empty": thick.settle_ms / slim.settle_ms,
    }


@contextlib.asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[Database]:
    database = open_database(dsn, SystemClock())
    await database.start()
    try:
        await migrate(database, SystemClock())
        yield database
    finally:
        await database.close()


async def one_round(database: Database) -> Cost:
    """Queues a thousand rows, claims a hundred of them and settles those; the rest stays for later rounds."""
    if await is_short(database):
        await queue(database, 10 * BATCH)
    token = uuid4()
    started = time.perf_counter()
    rows = await take(database, Lease("bench", token, SystemClock().now() + timedelta(minutes=5)))
    claimed = time.perf_counter()
    await end(database, token, rows)
    ended = time.perf_counter()
    if len(rows) != BATCH:
        raise SystemExit(f"a claim found {len(rows)} rows")
    return Cost(1000 * (claimed - started), 1000 * (ended - claimed))


async def is_short(database: Database) -> bool:
    row = await database.reader.fetch_one("SELECT COUNT(*) AS waiting FROM deliveries WHERE state = 'pending'")
    return row is None or row["waiting"] < BATCH


def median(costs: list[Cost]) -> Cost:
    return Cost(statistics.median(each.claim_ms for each in costs), statistics.median(each.settle_ms for each in costs))


async def queue(database: Database, count: int) -> None:
    now = SystemClock().now()
    event = NewEvent(new_row_id(), "identity.created", uuid4(), 1, now, "bench", None, None, None, "")
    rows = [
        NewDelivery(new_row_id(), event.id, event.kind, uuid4(), 1, "hubspot", "hubspot", "crm", b"{}", now, now, "t")
        for _ in range(count)
    ]

    async def work(tx: Transaction) -> None:
        await insert_event(tx, event)
        await insert_deliveries(tx, rows)

    await database.transaction(work)


async def take(database: Database, lease: Lease) -> list[Delivery]:
    async def work(tx: Transaction) -> list[Delivery]:
        return await claim(tx, "crm", lease, SystemClock().now(), BATCH)

    return await database.transaction(work)


async def end(database: Database, token: UUID, rows: list[Delivery]) -> None:
    async def work(tx: Transaction) -> None:
        now = SystemClock().now()
        await settle(
            tx, "crm", {each.id: token for each in rows}, [Verdict(each.id, State.DELIVERED, now) for each in rows], now
        )

    await database.transaction(work)


async def fill(database: Database, count: int) -> None:
    """Ended rows as delivery leaves them once their payload is shredded."""
    now = SystemClock().now()
    event = NewEvent(new_row_id(), "identity.created", uuid4(), 1, now, "bench", None, None, None, "")

    async def first(tx: Transaction) -> None:
        await insert_event(tx, event)

    await database.transaction(first)
    for start in range(0, count, CHUNK):
        rows = [
            {"id": new_row_id(), "event_id": event.id, "identity_id": uuid4(), "payload": b"", "at": now}
            for _ in range(min(CHUNK, count - start))
        ]

        async def work(tx: Transaction, rows: list[dict[str, Any]] = rows) -> None:
            await tx.execute_many(ENDED, rows)

        await database.transaction(work)
        if sys.stderr.isatty():
            print(f"\r{start + len(rows):,} of {count:,} delivered rows", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)


if __name__ == "__main__":
    main()
