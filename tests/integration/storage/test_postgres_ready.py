"""Connections that stay out of the driver's pool for a moment after their use keep nobody else from one."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from doorward.clock import MovableClock
from doorward.storage.contract import Database, Transaction
from doorward.storage.engine import open_database
from doorward.storage.postgres import connections
from postgres_server import PostgresServer

pytestmark = pytest.mark.postgres
Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
WHO = "SELECT pg_backend_pid() AS pid"


async def pid(database: Database) -> int:
    row = await database.reader.fetch_one(WHO)
    assert row is not None
    return int(row["pid"])


async def pid_in(tx: Transaction) -> int:
    row = await tx.fetch_one(WHO)
    assert row is not None
    return int(row["pid"])


async def deferred(tx: Transaction, key: str) -> None:
    await tx.defer("INSERT INTO settings (key, value) VALUES (:key, '')", {"key": key})


async def test_more_at_once_than_stay_ready_are_all_answered(postgres_dsn: str, clock: MovableClock) -> None:
    database = open_database(f"{postgres_dsn}?max_conns=6", clock)
    await database.start()
    for _ in range(20):
        reads = (pid(database) for _ in range(30))
        writes = (database.transaction(pid_in) for _ in range(10))
        assert len(set(await asyncio.gather(*reads, *writes))) <= 6
    await database.close()


async def test_a_transaction_takes_the_last_one_that_is_ready(postgres_dsn: str, clock: MovableClock) -> None:
    database = open_database(f"{postgres_dsn}?max_conns=1", clock)
    await database.start()
    reader = await pid(database)
    assert await database.transaction(pid_in) == reader
    assert await pid(database) == reader
    await database.close()


async def test_it_goes_back_to_the_pool_after_a_moment(
    postgres_dsn: str, clock: MovableClock, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "READY_S", 0.01)
    database = open_database(postgres_dsn, clock)
    await database.start()
    await asyncio.gather(*(pid(database) for _ in range(3)))
    held = database._connections  # type: ignore[attr-defined]

    async def is_back() -> bool:
        idle: int = held._pool.get_idle_size()
        return not held._ready and idle == held._pool.get_size()

    await until(is_back)
    await database.close()


async def test_one_that_was_cut_while_it_was_ready_is_replaced_for_a_lone_write(
    postgres: Database, postgres_server: PostgresServer, until: Until
) -> None:
    await postgres.transaction(partial(deferred, key="before"))
    cut = await pid(postgres)
    await asyncio.to_thread(postgres_server.sql, f"SELECT pg_terminate_backend({cut})")

    async def is_noticed() -> bool:
        """What the system has told is known; before that the answer would be that the commit is unknown."""
        return not any(connections.is_open(each) for each in postgres._connections._ready)  # type: ignore[attr-defined]

    await until(is_noticed)
    await postgres.transaction(partial(deferred, key="after"))
    rows = await postgres.reader.fetch_all("SELECT key FROM settings ORDER BY key")
    assert [row["key"] for row in rows] == ["after", "before"]
