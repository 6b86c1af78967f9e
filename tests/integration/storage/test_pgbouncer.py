"""Behind PgBouncer in transaction mode nothing may stay on a connection: the same promises, kept with less."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest

from doorward.clock import MovableClock
from doorward.storage.contract import Database, Transaction
from doorward.storage.engine import open_database
from doorward.storage.errors import UniqueViolation
from doorward.storage.migrate import migrate, require_current
from pgbouncer_server import NoPgbouncer, running_pgbouncer
from postgres_server import PostgresServer

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def pgbouncer_port(postgres_server: PostgresServer) -> Iterator[int]:
    try:
        with running_pgbouncer(postgres_server) as port:
            yield port
    except NoPgbouncer as reason:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(reason))


@pytest.fixture
async def pooled(pgbouncer_port: int, postgres_dsn: str, clock: MovableClock) -> AsyncIterator[Database]:
    name = postgres_dsn.rpartition("/")[2]
    dsn = f"postgres://postgres@127.0.0.1:{pgbouncer_port}/{name}?pgbouncer=true&max_conns=20"
    database = open_database(dsn, clock)
    await database.start()
    await migrate(database, clock)
    yield database
    await database.close()


async def put(tx: Transaction, key: str) -> None:
    await tx.execute("INSERT INTO settings (key, value) VALUES (:key, '')", {"key": key})


async def test_many_clients_share_few_connections(pooled: Database) -> None:
    await require_current(pooled)
    await asyncio.gather(*(pooled.transaction(partial(put, key=f"k{n}")) for n in range(60)))
    counts = await asyncio.gather(
        *(
            pooled.reader.fetch_one("SELECT count(*) AS n FROM settings WHERE key <> :no", {"no": "x"})
            for _ in range(60)
        )
    )
    assert all(count == {"n": 60} for count in counts)


async def test_failures_leave_no_open_transaction_behind(pooled: Database) -> None:
    await pooled.transaction(partial(put, key="same"))
    results = await asyncio.gather(
        *(pooled.transaction(partial(put, key="same")) for _ in range(20)), return_exceptions=True
    )
    assert all(isinstance(result, UniqueViolation) for result in results)
    for _ in range(10):
        assert await pooled.reader.fetch_one("SELECT count(*) AS n FROM settings") == {"n": 1}


async def test_wakes_stay_in_the_process(pooled: Database) -> None:
    async def ring(tx: Transaction) -> None:
        tx.wake("deliveries")

    await pooled.transaction(ring)
    assert await pooled.wait_for_wake("deliveries", 0) is True
