"""What the storage layer adds to its drivers: reads and five-statement transactions, ours against the bare driver."""

import argparse
import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from doorward.clock import SystemClock
from doorward.ids import new_row_id
from doorward.storage.contract import Database, Transaction
from doorward.storage.engine import open_database
from doorward.storage.migrate import migrate
from doorward.storage.migration import Migration
from postgres_server import running_postgres

ROWS = 10_000
CONCURRENCY = 32
SCHEMA = [Migration(1, "bench", lambda: ["CREATE TABLE boxes (id {uuid} PRIMARY KEY, label TEXT NOT NULL, n INTEGER)"])]
INSERT = "INSERT INTO boxes (id, label, n) VALUES (:id, :label, :n)"
SELECT = "SELECT id, label, n FROM boxes WHERE n = :n"


async def five_inserts(tx: Transaction) -> None:
    for n in range(5):
        await tx.execute(INSERT, {"id": new_row_id(), "label": "a label of some length", "n": ROWS + n})


async def rate(count: int, one: Callable[[int], Awaitable[Any]]) -> float:
    """Runs `one` `count` times, CONCURRENCY at once; per second."""
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await one(number)

    start = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
    return count / (time.perf_counter() - start)


async def ours(database: Database, reads: int, writes: int) -> tuple[float, float]:
    select = partial(database.reader.fetch_one, SELECT)
    read = await rate(reads, lambda n: select({"n": n % ROWS}))
    return read, await rate(writes, lambda _: database.transaction(five_inserts))


async def fill(database: Database) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute_many(INSERT, [{"id": new_row_id(), "label": f"label {n}", "n": n} for n in range(ROWS)])
        await tx.execute("CREATE INDEX boxes_n ON boxes (n)")

    await migrate(database, SystemClock(), SCHEMA)
    await database.transaction(work)


async def bare_sqlite(path: Path, reads: int, writes: int) -> tuple[float, float]:
    """The driver on the loop's thread, one commit per transaction."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")

    async def read(n: int) -> None:
        connection.execute(SELECT, {"n": n % ROWS}).fetchone()

    async def write(_: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for n in range(5):
            connection.execute(INSERT, {"id": str(new_row_id()), "label": "a label of some length", "n": ROWS + n})
        connection.execute("COMMIT")

    result = await rate(reads, read), await rate(writes, write)
    connection.close()
    return result


async def bare_asyncpg(dsn: str, reads: int, writes: int) -> tuple[float, float]:
    """The driver's own pool and transactions, its reset at every release included."""
    insert = "INSERT INTO doorward.boxes (id, label, n) VALUES ($1, $2, $3)"
    async with asyncpg.create_pool(dsn, max_size=16) as pool:

        async def write(_: int) -> None:
            async with pool.acquire() as connection, connection.transaction():
                for n in range(5):
                    await connection.execute(insert, new_row_id(), "a label of some length", ROWS + n)

        select = "SELECT id, label, n FROM doorward.boxes WHERE n = $1"
        return await rate(reads, lambda n: pool.fetchrow(select, n % ROWS)), await rate(writes, write)


async def measure(
    kind: str, rounds: int, dsn: str, bare: Callable[[], Awaitable[tuple[float, float]]]
) -> dict[str, float]:
    database = open_database(dsn, SystemClock())
    await database.start()
    await fill(database)
    reads, writes = (20_000, 4_000) if kind == "sqlite" else (10_000, 2_000)
    pairs = [(await ours(database, reads, writes), await bare()) for _ in range(rounds)]
    await database.close()
    return {
        "reads_per_s": statistics.median(mine[0] for mine, _ in pairs),
        "reads_vs_bare": statistics.median(mine[0] / other[0] for mine, other in pairs),
        "transactions_per_s": statistics.median(mine[1] for mine, _ in pairs),
        "transactions_vs_bare": statistics.median(mine[1] / other[1] for mine, other in pairs),
    }


async def run(rounds: int) -> dict[str, dict[str, float]]:
    results = {}
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "bench.sqlite"
        results["sqlite"] = await measure(
            "sqlite", rounds, f"sqlite://{path}", lambda: bare_sqlite(path, 20_000, 4_000)
        )
    with running_postgres(is_durable=True) as server:
        dsn = server.dsn()
        results["postgres"] = await measure(
            "postgres", rounds, f"{dsn}?max_conns=16", lambda: bare_asyncpg(dsn, 10_000, 2_000)
        )
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    results = asyncio.run(run(arguments.rounds))
    if arguments.json:
        print(json.dumps(results))
        return
    for engine, numbers in results.items():
        print(engine, *(f"{name}={value:,.2f}" for name, value in numbers.items()), sep="\n  ")


main()
