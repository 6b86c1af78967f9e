"""The writer's connection is lost: those who wait hear of it, and the next ones are served by another."""

import sqlite3
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from doorward.clock import MovableClock
from doorward.errors import DoorwardError
from doorward.storage.contract import Transaction
from doorward.storage.engine import open_database
from doorward.storage.migrate import migrate
from doorward.storage.sqlite.connection import connect
from doorward.storage.sqlite.writer import Writer
from doorward.storage.wakes import WakeBoard


@pytest.fixture
async def path(tmp_path: Path, clock: MovableClock) -> Path:
    path = tmp_path / "doorward.sqlite"
    database = open_database(f"sqlite://{path}", clock)
    await database.start()
    await migrate(database, clock)
    await database.close()
    return path


@pytest.fixture
def connection(path: Path) -> sqlite3.Connection:
    return connect(path, "rw", is_reader=False)


@pytest.fixture
async def writer(path: Path, connection: sqlite3.Connection) -> AsyncIterator[Writer]:
    writer = Writer(connection, WakeBoard(), reopen=partial(connect, path, "rw", is_reader=False))
    writer.start()
    yield writer
    await writer.close()


async def put(tx: Transaction, key: str) -> None:
    await tx.execute("INSERT INTO settings (key, value) VALUES (:key, '')", {"key": key})


async def keys(tx: Transaction) -> list[str]:
    return [row["key"] for row in await tx.fetch_all("SELECT key FROM settings ORDER BY key")]


async def level(tx: Transaction) -> int:
    row = await tx.fetch_one("PRAGMA synchronous")
    assert row is not None
    return int(row["synchronous"])


def is_troubled(writer: Writer) -> bool:
    return writer.trouble is not None


async def test_another_connection_takes_its_place(writer: Writer, connection: sqlite3.Connection) -> None:
    await writer.submit(partial(put, key="a"))
    connection.close()
    with pytest.raises(DoorwardError):
        await writer.submit(partial(put, key="b"))
    assert is_troubled(writer)
    await writer.submit(partial(put, key="c"))
    assert not is_troubled(writer)
    assert await writer.submit(keys) == ["a", "c"]


async def test_what_a_work_began_goes_with_the_connection(writer: Writer, connection: sqlite3.Connection) -> None:
    async def lose(tx: Transaction) -> None:
        await put(tx, "lost")
        connection.close()

    with pytest.raises(DoorwardError):
        await writer.submit(lose)
    assert await writer.submit(keys) == []


async def test_the_other_connection_syncs_as_the_first_did(writer: Writer, connection: sqlite3.Connection) -> None:
    await writer.submit(partial(put, key="a"), is_durable=False)
    connection.close()
    with pytest.raises(DoorwardError):
        await writer.submit(partial(put, key="b"))
    assert await writer.submit(level) == 2
    assert await writer.submit(level, is_durable=False) == 1
