"""What the tests of PostgreSQL's own troubles share."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from doorward.clock import MovableClock
from doorward.storage.contract import Database
from doorward.storage.engine import open_database
from doorward.storage.migrate import migrate
from postgres_server import PostgresServer

Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


@pytest.fixture
def postgres_dsn(postgres_server: PostgresServer) -> Iterator[str]:
    name = f"t{uuid.uuid4().hex}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


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
