"""Fixtures for tests that need a database: each runs on SQLite and on PostgreSQL.

`database` is open and migrated, `empty_database` open only, `dsn` not opened yet. Every test gets a fresh one.
"""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from doorward.clock import MovableClock
from doorward.storage.contract import Database
from doorward.storage.engine import open_database
from doorward.storage.migrate import migrate
from postgres_server import NoPostgres, PostgresServer, running_postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    try:
        with running_postgres() as server:
            yield server
    except NoPostgres as reason:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(reason))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def dsn(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite://{tmp_path / 'doorward.sqlite'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"t{uuid.uuid4().hex}"
    yield server.create_database(name)
    server.drop_database(name)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def empty_database(dsn: str, clock: MovableClock) -> AsyncIterator[Database]:
    database = open_database(dsn, clock)
    await database.start()
    yield database
    await database.close()


@pytest.fixture
async def database(empty_database: Database, clock: MovableClock) -> Database:
    await migrate(empty_database, clock)
    return empty_database
