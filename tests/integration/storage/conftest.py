"""What the tests of each engine's own troubles share."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from doorward.clock import MovableClock
from doorward.storage.contract import Database
from doorward.storage.engine import open_database
from doorward.storage.migrate import migrate

Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where `file` lies."""
    return tmp_path / "doorward.sqlite"


@pytest.fixture
async def file(path: Path, clock: MovableClock) -> AsyncIterator[Database]:
    """An SQLite file that is ready."""
    database = open_database(f"sqlite://{path}", clock)
    await database.start()
    await migrate(database, clock)
    yield database
    await database.close()


@pytest.fixture
async def postgres(postgres_dsn: str, clock: MovableClock) -> AsyncIterator[Database]:
    database = open_database(postgres_dsn, clock)
    await database.start()
    await migrate(database, clock)
    yield database
    await database.close()


@pytest.fixture
def until() -> Until:
    """Asks again and again until it is so; for what another process does in its own time."""

    async def ask(condition: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(30):
            while not await condition():  # noqa: ASYNC110 - what is waited for happens in another process
                await asyncio.sleep(0.01)

    return ask
