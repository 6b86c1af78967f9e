"""Migrations on both engines."""

import asyncio
from itertools import chain

import pytest

from doorward.clock import MovableClock
from doorward.storage.contract import Database, Transaction
from doorward.storage.engine import open_database
from doorward.storage.errors import SchemaGap, SchemaOutdated, SchemaTooNew, StatementFailed
from doorward.storage.foreign import list_tables
from doorward.storage.migrate import migrate, pending, require_current
from doorward.storage.migration import Migration
from doorward.storage.migrations import MIGRATIONS
from doorward.storage.types import read_time


def step(version: int, *statements: str) -> Migration:
    return Migration(version, f"step{version}", lambda: list(statements or [f"CREATE TABLE t{version} (id {{uuid}})"]))


ONE, TWO, THREE, FOUR = (step(number) for number in range(1, 5))


async def test_all_steps_are_applied_once_and_remembered(empty_database: Database, clock: MovableClock) -> None:
    database = empty_database
    assert await pending(database) == list(MIGRATIONS)
    with pytest.raises(SchemaOutdated, match="doorward migrate"):
        await require_current(database)
    assert await migrate(database, clock) == [str(step) for step in MIGRATIONS]
    assert await migrate(database, clock) == []
    assert await pending(database) == []
    await require_current(database)
    row = await database.reader.fetch_one("SELECT version, name, applied_at FROM schema_migrations WHERE version = 1")
    assert row is not None
    assert (row["version"], row["name"], read_time(row["applied_at"])) == (1, "initial", clock.now())


async def test_new_steps_are_added_to_old_ones(empty_database: Database, clock: MovableClock) -> None:
    assert await migrate(empty_database, clock, [ONE]) == ["0001_step1"]
    assert await migrate(empty_database, clock, [ONE, TWO, THREE]) == ["0002_step2", "0003_step3"]


async def test_a_step_that_fails_leaves_nothing_of_itself(empty_database: Database, clock: MovableClock) -> None:
    broken = step(2, "CREATE TABLE half (id {uuid})", "CREATE TABLE t1 (id {uuid})")
    with pytest.raises(StatementFailed):
        await migrate(empty_database, clock, [ONE, broken])
    tables = await list_tables(empty_database.reader, empty_database.dialect)
    assert "t1" in tables
    assert "half" not in tables
    assert await migrate(empty_database, clock, [ONE, TWO]) == ["0002_step2"]


async def test_a_gap_is_refused(empty_database: Database, clock: MovableClock) -> None:
    await migrate(empty_database, clock, [ONE, THREE])
    for check in (
        require_current(empty_database, [ONE, TWO, THREE]),
        migrate(empty_database, clock, [ONE, TWO, THREE]),
    ):
        with pytest.raises(SchemaGap, match="0002_step2"):
            await check


async def test_the_next_releases_schema_is_tolerated_and_the_one_after_is_not(
    empty_database: Database, clock: MovableClock
) -> None:
    await migrate(empty_database, clock, [ONE, TWO, THREE])
    await require_current(empty_database, [ONE, TWO])
    with pytest.raises(SchemaTooNew):
        await require_current(empty_database, [ONE])
    with pytest.raises(SchemaTooNew):
        await migrate(empty_database, clock, [ONE])


async def test_processes_that_migrate_at_once_share_the_work(dsn: str, clock: MovableClock) -> None:
    databases = [open_database(dsn, clock) for _ in range(4)]
    await asyncio.gather(*(database.start() for database in databases))
    applied = await asyncio.gather(*(migrate(database, clock, [ONE, TWO, THREE, FOUR]) for database in databases))
    assert sorted(chain.from_iterable(applied)) == ["0001_step1", "0002_step2", "0003_step3", "0004_step4"]
    for database in databases:
        await database.close()


async def test_an_open_transaction_of_another_version_survives_a_migration(
    empty_database: Database, clock: MovableClock
) -> None:
    """A statement prepared before a column was added is prepared anew instead of failing."""
    await migrate(empty_database, clock, [step(1, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)")])

    async def work(tx: Transaction) -> list[str]:
        await tx.execute("INSERT INTO t (a) VALUES ('x')" if tx.dialect.name == "sqlite" else "DELETE FROM t")
        return [str(sorted(row)) for row in await tx.fetch_all("SELECT * FROM t")]

    await empty_database.transaction(work)
    await migrate(empty_database, clock, [step(1), step(2, "ALTER TABLE t ADD COLUMN b TEXT")])
    await empty_database.transaction(work)
    row = await empty_database.reader.fetch_one("SELECT count(b) AS n FROM t")
    assert row == {"n": 0}
