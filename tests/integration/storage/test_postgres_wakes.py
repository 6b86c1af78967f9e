"""Wakes between processes, each stood for by a Database of its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from doorward.clock import MovableClock
from doorward.storage.contract import Database, Transaction
from doorward.storage.engine import open_database
from postgres_server import NoPostgres, PostgresServer, running_postgres

pytestmark = pytest.mark.postgres
Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
LISTENING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' OR query LIKE '%pg_notify%'"


async def ring(tx: Transaction) -> None:
    assert await tx.fetch_one("SELECT 1 AS one")
    tx.wake("deliveries:hubspot")


@pytest.fixture
async def pair(postgres_dsn: str, clock: MovableClock) -> AsyncIterator[tuple[Database, Database]]:
    databases = open_database(postgres_dsn, clock), open_database(postgres_dsn, clock)
    for database in databases:
        await database.start()
    yield databases
    for database in databases:
        await database.close()


async def test_a_commit_here_ends_a_wait_there(pair: tuple[Database, Database], until: Until) -> None:
    here, there = pair
    heard = there.subscribe("deliveries:hubspot")

    async def is_heard() -> bool:
        await here.transaction(ring)
        return await heard.wait(0.05)

    # The first wakes may be sent before the other one listens; from then on each arrives.
    await until(is_heard)
    while await heard.wait(0.2):
        pass
    await here.transaction(ring)
    assert await heard.wait(10) is True
    heard.close()


async def test_ones_own_wake_is_heard_once(pair: tuple[Database, Database], until: Until) -> None:
    here, there = pair
    mine, theirs = here.subscribe("deliveries:hubspot"), there.subscribe("deliveries:hubspot")

    async def is_heard() -> bool:
        await here.transaction(ring)
        return await theirs.wait(0.05)

    await until(is_heard)
    while await mine.wait(0.2):
        pass
    await here.transaction(ring)
    assert await mine.wait(10) is True
    await theirs.wait(10)
    assert await mine.wait(0) is False
    mine.close()
    theirs.close()


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    try:
        with running_postgres() as server:
            yield server
    except NoPostgres as reason:
        pytest.skip(str(reason))


async def test_a_restart_of_the_server_is_survived(
    own_server: PostgresServer, clock: MovableClock, until: Until
) -> None:
    here, there = (open_database(own_server.dsn(), clock) for _ in range(2))
    await here.start()
    await there.start()
    heard = there.subscribe("deliveries:hubspot")
    await asyncio.to_thread(own_server.stop, immediately=True)
    with pytest.raises(Exception, match="reached"):
        await here.reader.fetch_one("SELECT 1 AS one")
    with pytest.raises(Exception, match="reached"):
        await here.transaction(ring)
    await asyncio.to_thread(own_server.start)

    async def is_heard() -> bool:
        await here.transaction(ring)
        return await heard.wait(0.05)

    assert await here.reader.fetch_one("SELECT 1 AS one") == {"one": 1}
    await until(is_heard)
    heard.close()
    await here.close()
    await there.close()
