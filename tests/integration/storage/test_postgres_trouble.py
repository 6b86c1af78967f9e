"""PostgreSQL that is slow, frozen, full of others, or somewhere else by now: clear answers, no restart afterwards."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from doorward.clock import MovableClock
from doorward.storage.contract import Database, Transaction
from doorward.storage.engine import open_database
from doorward.storage.errors import DatabaseAway, DatabaseBusy, DatabaseReadOnly, StatementTooSlow
from doorward.storage.migrate import migrate
from postgres_server import PostgresServer, running_postgres

pytestmark = pytest.mark.postgres
Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
CONNECTIONS = "doorward.storage.postgres.connections"


async def put(tx: Transaction, key: str) -> None:
    await tx.execute("INSERT INTO settings (key, value) VALUES (:key, '0')", {"key": key})


async def keys_in(database: Database) -> set[str]:
    return {row["key"] for row in await database.reader.fetch_all("SELECT key FROM settings")}


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[Database]:
    database = open_database(dsn, MovableClock())
    await database.start()
    try:
        yield database
    finally:
        await database.close()


async def count_sleepers(postgres: Database) -> int:
    row = await postgres.reader.fetch_one(
        "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
    )
    return 0 if row is None else int(row["n"])


async def test_a_slow_statement_ends_is_not_repeated_and_leaves_the_pool_whole(
    postgres: Database, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    monkeypatch.setattr(f"{CONNECTIONS}.STATEMENT_TIMEOUT_S", 1.0)
    monkeypatch.setattr("doorward.storage.postgres.reader.READ_TIMEOUT_S", 1.0)
    # A sequence counts runs, even those that are rolled back.
    await postgres.transaction(lambda tx: tx.execute("CREATE SEQUENCE doorward.runs"))
    slow = "SELECT nextval('doorward.runs'), pg_sleep(600)"

    async def work(tx: Transaction) -> None:
        await put(tx, "half")
        await tx.execute(slow)

    async with opened(f"{postgres_dsn}?max_conns=1") as database:
        with pytest.raises(StatementTooSlow) as caught:
            await database.reader.fetch_all(slow)
        assert caught.value.retry_after_s >= 1
        with pytest.raises(StatementTooSlow):
            await database.transaction(work)
        assert await keys_in(database) == set()
        await database.transaction(partial(put, key="after"))

    async def nobody_sleeps() -> bool:
        return await count_sleepers(postgres) == 0

    # What was given up is not computed to the end by the server.
    await until(nobody_sleeps)
    assert await postgres.reader.fetch_one("SELECT last_value FROM doorward.runs") == {"last_value": 2}
    assert await keys_in(postgres) == {"after"}


async def test_a_timeout_that_the_operator_set_is_told_as_one(postgres: Database) -> None:
    async def work(tx: Transaction) -> None:
        await put(tx, "half")
        await tx.execute("SET LOCAL statement_timeout = '50ms'")
        await tx.execute("SELECT pg_sleep(600)")

    with pytest.raises(StatementTooSlow):
        await postgres.transaction(work)
    assert await keys_in(postgres) == set()


async def test_a_frozen_server_is_told_soon_and_used_again_when_it_thaws(
    postgres: Database, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, limit_s in (("BEGIN_TIMEOUT_S", 0.3), ("ACQUIRE_TIMEOUT_S", 0.5), ("RELEASE_TIMEOUT_S", 0.3)):
        monkeypatch.setattr(f"{CONNECTIONS}.{name}", limit_s)
    await postgres.transaction(partial(put, key="before"))
    postgres_server.freeze()
    try:
        for _ in range(3):
            # First the open connection does not answer, then a new one is not let in.
            with pytest.raises((StatementTooSlow, DatabaseAway)) as caught:
                await postgres.transaction(partial(put, key="lost"))
            assert caught.value.retry_after_s >= 1
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await postgres.require_usable()
    finally:
        postgres_server.thaw()
    await postgres.transaction(partial(put, key="after"))
    assert await keys_in(postgres) == {"before", "after"}


async def test_a_server_that_is_full_of_others_is_busy(
    postgres: Database, postgres_server: PostgresServer, postgres_dsn: str
) -> None:
    postgres_server.sql("CREATE ROLE crowded LOGIN SUPERUSER")
    # A limit holds for roles that are no superusers, so the role is made small only after it may see everything.
    postgres_server.sql("ALTER ROLE crowded NOSUPERUSER CONNECTION LIMIT 1; GRANT pg_read_all_data TO crowded")
    postgres_server.sql("GRANT pg_write_all_data TO crowded")
    postgres_server.sql("GRANT USAGE ON SCHEMA doorward TO crowded", postgres_dsn.rpartition("/")[2])
    try:
        async with opened(postgres_dsn.replace("postgres@", "crowded@") + "?max_conns=4&pgbouncer=true") as database:
            results = await asyncio.gather(
                *(database.transaction(partial(put, key=f"k{number}")) for number in range(4)), return_exceptions=True
            )
            refused = [result for result in results if result is not None]
            assert refused
            assert {type(result) for result in refused} == {DatabaseBusy}
            await database.transaction(partial(put, key="after"))
            assert len(await keys_in(database)) == 5 - len(refused)
    finally:
        postgres_server.sql("REVOKE ALL ON SCHEMA doorward FROM crowded", postgres_dsn.rpartition("/")[2])
        postgres_server.sql("DROP ROLE crowded")


async def test_a_process_that_slept_in_a_transaction_has_lost_it(
    postgres: Database, postgres_server: PostgresServer
) -> None:
    """The server ends sessions that do nothing in an open transaction; whoever wakes up then is not told of a bug."""

    async def work(tx: Transaction) -> None:
        row = await tx.fetch_one("SELECT pg_backend_pid() AS pid")
        assert row is not None
        await put(tx, "half")
        await tx.execute("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
        # The whole process stands still meanwhile, as one that was stopped does.
        postgres_server.sql(
            "DO $$ BEGIN WHILE EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = "
            f"{row['pid']}) LOOP PERFORM pg_sleep(0.02); PERFORM pg_stat_clear_snapshot(); END LOOP; END $$"
        )
        await put(tx, "rest")

    with pytest.raises(DatabaseAway):
        await postgres.transaction(work)
    assert await keys_in(postgres) == set()


async def test_real_serialisation_failures_lose_no_update(postgres: Database) -> None:
    """Two at a time read the same number and write back one more: without a repetition one of them would be lost."""
    await postgres.transaction(partial(put, key="number"))
    runs = 0

    async def add(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        row = await tx.fetch_one("SELECT value FROM settings WHERE key = 'number'")
        assert row is not None
        # Holds the snapshot until the other one has it, too.
        await tx.execute("SELECT pg_sleep(0.05)")
        more = {"value": str(int(row["value"]) + 1)}
        await tx.execute("UPDATE settings SET value = :value WHERE key = 'number'", more)

    for _ in range(3):
        await asyncio.gather(postgres.transaction(add), postgres.transaction(add))
    row = await postgres.reader.fetch_one("SELECT value FROM settings WHERE key = 'number'")
    assert row == {"value": "6"}
    assert runs > 6


@pytest.fixture
def primary() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def standby(primary: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """Follows `primary` by streaming."""
    server = PostgresServer(primary.binaries, primary.directory.parent / "standby" / "cluster")
    server.make_directory()
    copy = ["-h", "127.0.0.1", "-p", str(primary.port), "-U", "postgres", "-D", str(server.data), "-R", "-c", "fast"]
    primary.run("pg_basebackup", *copy)
    server.start()
    try:
        yield server
    finally:
        server.stop(immediately=True)


async def test_after_a_failover_the_new_primary_is_found_without_a_restart(
    primary: PostgresServer, standby: PostgresServer, until: Until
) -> None:
    primary.create_database("doorward")
    hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    async with opened(f"postgres://postgres@{hosts}/doorward?target_session_attrs=primary") as database:
        await migrate(database, MovableClock())
        await database.transaction(partial(put, key="before"))

        # By position and not by what is there: until the database itself has arrived, nobody can connect to it.
        written = primary.sql("SELECT pg_current_wal_insert_lsn()")

        async def arrived() -> bool:
            ask = f"SELECT pg_last_wal_replay_lsn() >= '{written}'"
            return await asyncio.to_thread(standby.sql, ask) == "t"

        await until(arrived)
        async with opened(standby.dsn("doorward")) as reading:
            assert await keys_in(reading) == {"before"}
            with pytest.raises(DatabaseReadOnly) as caught:
                await reading.transaction(partial(put, key="lost"))
            assert caught.value.retry_after_s >= 1
        primary.stop()
        with pytest.raises(DatabaseAway):
            await database.transaction(partial(put, key="lost"))
        standby.sql("SELECT pg_promote()")

        async def writes() -> bool:
            try:
                await database.transaction(partial(put, key="after"))
            except DatabaseAway:
                return False
            return True

        await until(writes)
        assert await keys_in(database) == {"before", "after"}
