"""Fixtures for tests that need a database: each runs on SQLite and on PostgreSQL.

`database` is open and migrated, `empty_database` open only, `dsn` not opened yet. Every test gets an empty one.
"""

import os
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


@pytest.fixture(scope="session")
def shared_database(postgres_server: PostgresServer) -> str:
    """The name of a database that one test after another uses alone."""
    postgres_server.create_database("shared")
    return "shared"


@pytest.fixture
def postgres_dsn(postgres_server: PostgresServer, shared_database: str) -> Iterator[str]:
    yield postgres_server.dsn(shared_database)
    postgres_server.empty_database(shared_database)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def dsn(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite://{tmp_path / 'doorward.sqlite'}"
    dsn: str = request.getfixturevalue("postgres_dsn")
    return dsn


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
