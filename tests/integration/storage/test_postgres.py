"""What only PostgreSQL can do, or suffer: conflicts, lost connections, lost answers, a pool that is empty."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import pytest

from cut_proxy import CutProxy
from doorward.clock import MovableClock
from doorward.errors import DoorwardError
from doorward.storage.contract import Database, Transaction
from doorward.storage.engine import open_database
from doorward.storage.errors import (
    CommitUnknown,
    Contended,
    DatabaseAway,
    DatabaseBusy,
    DatabaseReadOnly,
    DatabaseRefused,
    ForeignDatabase,
    InvalidDsn,
    StatementFailed,
    UniqueViolation,
)
from doorward.storage.migrate import migrate
from postgres_server import PostgresServer

pytestmark = pytest.mark.postgres
Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
CONFLICT = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{}'; END $$"


async def put(tx: Transaction, key: str) -> None:
    await tx.execute("INSERT INTO settings (key, value) VALUES (:key, '')", {"key": key})


async def keys_in(database: Database) -> set[str]:
    return {row["key"] for row in await database.reader.fetch_all("SELECT key FROM settings")}


def database_name(dsn: str) -> str:
    return dsn.rpartition("/")[2].partition("?")[0]


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_a_conflict_is_tried_again_from_the_start(postgres: Database, state: str) -> None:
    runs: list[str] = []

    async def work(tx: Transaction) -> str:
        runs.append("run")
        await put(tx, "once")
        if len(runs) < 3:
            await tx.execute(CONFLICT.format(state))
        return "done"

    assert await postgres.transaction(work) == "done"
    assert len(runs) == 3
    assert await keys_in(postgres) == {"once"}


async def test_conflicts_without_end_become_unavailable(postgres: Database) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute(CONFLICT.format("40001"))

    with pytest.raises(Contended) as caught:
        await postgres.transaction(work)
    assert caught.value.retry_after_s >= 1


async def test_a_real_deadlock_costs_nobody_the_work(
    postgres: Database, postgres_server: PostgresServer, postgres_dsn: str, until: Until
) -> None:
    for key in ("a", "b"):
        await postgres.transaction(partial(put, key=key))
    gate = open_database(postgres_dsn, MovableClock())
    await gate.start()
    name = database_name(postgres_dsn)
    waiting = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND wait_event = 'advisory'"

    async def cross(tx: Transaction, first: str, second: str) -> None:
        change = "UPDATE settings SET value = value || :mark WHERE key = :key"
        await tx.execute(change, {"key": first, "mark": first})
        await tx.fetch_one("SELECT pg_advisory_xact_lock_shared(1)")
        await tx.execute(change, {"key": second, "mark": first})

    tasks: list[asyncio.Task[None]] = []

    async def both_wait() -> bool:
        return await asyncio.to_thread(postgres_server.sql, waiting) == "2"

    # A session of psql cannot hold the gate between calls, so a prepared lock on a raw connection does.
    async with gate._connections.lend() as holder:  # type: ignore[attr-defined]
        await holder.execute("SELECT pg_advisory_lock(1)")
        tasks += [
            asyncio.create_task(postgres.transaction(partial(cross, first="a", second="b"))),
            asyncio.create_task(postgres.transaction(partial(cross, first="b", second="a"))),
        ]
        await until(both_wait)
        await holder.execute("SELECT pg_advisory_unlock(1)")
    await asyncio.gather(*tasks)
    rows = await postgres.reader.fetch_all("SELECT key, value FROM settings ORDER BY key")
    assert [sorted(row["value"]) for row in rows] == [["a", "b"], ["a", "b"]]
    await gate.close()


async def test_an_empty_pool_is_overload(
    postgres_dsn: str, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("doorward.storage.postgres.connections.ACQUIRE_TIMEOUT_S", 0.05)
    database = open_database(f"{postgres_dsn}?max_conns=1", clock)
    await database.start()
    async with database._connections.lend():  # type: ignore[attr-defined]
        with pytest.raises(DatabaseBusy):
            await database.reader.fetch_all("SELECT 1")
    assert await database.reader.fetch_one("SELECT 1 AS one") == {"one": 1}
    await database.close()


async def test_connections_cut_while_idle_are_replaced_unnoticed(
    postgres: Database, postgres_server: PostgresServer, postgres_dsn: str
) -> None:
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database_name(postgres_dsn)}'"
    await asyncio.gather(*(postgres.reader.fetch_all("SELECT 1") for _ in range(5)))
    await asyncio.to_thread(postgres_server.sql, cut)
    await postgres.transaction(partial(put, key="after"))
    await asyncio.to_thread(postgres_server.sql, cut)
    assert await keys_in(postgres) == {"after"}


async def test_a_connection_cut_in_the_middle_writes_nothing_and_says_away(postgres: Database) -> None:
    async def work(tx: Transaction) -> None:
        await put(tx, "lost")
        await tx.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(DatabaseAway):
        await postgres.transaction(work)
    assert await keys_in(postgres) == set()


@pytest.fixture
async def proxy(postgres_server: PostgresServer) -> AsyncIterator[CutProxy]:
    proxy = CutProxy(postgres_server.port)
    await proxy.start()
    yield proxy
    await proxy.close()


async def test_a_commit_whose_answer_is_lost_is_not_repeated(
    postgres: Database, postgres_dsn: str, proxy: CutProxy, clock: MovableClock
) -> None:
    database = open_database(f"postgres://postgres@127.0.0.1:{proxy.port}/{database_name(postgres_dsn)}", clock)
    await database.start()
    runs: list[str] = []

    async def work(tx: Transaction) -> None:
        runs.append("run")
        await put(tx, "committed")

    proxy.cut_after = b"COMMIT"
    with pytest.raises(CommitUnknown):
        await database.transaction(work)
    assert proxy.cuts == 1
    assert runs == ["run"]
    assert await keys_in(postgres) == {"committed"}
    with pytest.raises(UniqueViolation):
        await database.transaction(work)
    await database.close()


async def test_a_caller_cancelled_during_the_commit_leaves_a_clean_pool(postgres: Database) -> None:
    tasks = [asyncio.create_task(postgres.transaction(partial(put, key=f"k{n}"))) for n in range(40)]
    for task in tasks:
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await postgres.transaction(partial(put, key="after"))
    assert "after" in await keys_in(postgres)
    open_ones = await postgres.reader.fetch_one(
        "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
    )
    assert open_ones == {"n": 0}


async def test_a_swallowed_fault_is_not_a_commit(postgres: Database) -> None:
    async def work(tx: Transaction) -> None:
        await put(tx, "x")
        with pytest.raises(StatementFailed):
            await tx.execute("SELECT nothing FROM nowhere")

    with pytest.raises(StatementFailed):
        await postgres.transaction(work)
    assert await keys_in(postgres) == set()


async def test_read_only(postgres: Database, postgres_dsn: str, clock: MovableClock) -> None:
    reading = open_database(postgres_dsn, clock, read_only=True)
    await reading.start()
    with pytest.raises(DatabaseReadOnly):
        await reading.transaction(partial(put, key="x"))
    assert await keys_in(reading) == set()
    await reading.close()


async def failure(dsn: str) -> DoorwardError:
    database = open_database(dsn, MovableClock())
    try:
        await database.start()
    except DoorwardError as error:
        return error
    await database.close()
    raise AssertionError("it was opened")


async def test_unusable_addresses_are_told_apart_without_the_password(postgres_server: PostgresServer) -> None:
    port = postgres_server.port
    cases = {
        "postgres://u:hunter2@127.0.0.1:1/x": DatabaseAway,
        "postgres://u:hunter2@no-such-host.invalid/x": DatabaseAway,
        f"postgres://nobody:hunter2@127.0.0.1:{port}/postgres": DatabaseRefused,
        f"postgres://postgres:hunter2@127.0.0.1:{port}/postgres?sslmode=require": DatabaseRefused,
        f"postgres://postgres:hunter2@127.0.0.1:{port}/postgres?sslmode=banana": InvalidDsn,
        f"postgres://postgres:hunter2@127.0.0.1:{port}/postgres?sslmode=verify-full&sslrootcert=/nowhere": InvalidDsn,
        f"postgres://postgres:hunter2@127.0.0.1:{port}/postgres?colour=red": InvalidDsn,
        f"postgres://postgres:hunter2@127.0.0.1:{port}/no_such_database": DatabaseRefused,
    }
    for dsn, kind in cases.items():
        error = await failure(dsn)
        assert type(error) is kind, dsn
        assert "hunter2" not in f"{error!r} {error.__cause__!r}"
        assert "postgres://" in str(error)


async def test_a_server_that_would_lose_letters_or_refuse_the_schema_is_refused(
    postgres_server: PostgresServer, postgres_dsn: str, clock: MovableClock
) -> None:
    name = database_name(postgres_dsn)
    postgres_server.sql(f"CREATE DATABASE l{name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    assert "UTF8" in str(await failure(postgres_server.dsn(f"l{name}")))
    postgres_server.drop_database(f"l{name}")
    postgres_server.sql(f"CREATE ROLE r{name} LOGIN")
    database = open_database(postgres_dsn.replace("postgres@", f"r{name}@"), clock)
    await database.start()
    with pytest.raises(DatabaseRefused, match="permission denied"):
        await migrate(database, clock)
    await database.close()
    postgres_server.sql(f"DROP ROLE r{name}")


async def test_kratoss_tables_in_public_do_not_disturb(
    postgres_server: PostgresServer, postgres_dsn: str, clock: MovableClock
) -> None:
    name = database_name(postgres_dsn)
    postgres_server.sql("CREATE TABLE selfservice_login_flows (id uuid); CREATE TABLE identities (id uuid)", name)
    database = open_database(postgres_dsn, clock)
    await database.start()
    await migrate(database, clock)
    await database.transaction(partial(put, key="x"))
    await database.close()
    assert postgres_server.sql("SELECT count(*) FROM public.identities", name) == "0"
    assert postgres_server.sql("SELECT count(*) FROM doorward.settings", name) == "1"


async def test_kratoss_tables_in_our_schema_are_refused(postgres_server: PostgresServer, postgres_dsn: str) -> None:
    statement = "CREATE SCHEMA doorward; CREATE TABLE doorward.selfservice_login_flows (id uuid)"
    postgres_server.sql(statement, database_name(postgres_dsn))
    assert isinstance(await failure(postgres_dsn), ForeignDatabase)


async def test_connections_are_renewed_after_their_lifetime(postgres_dsn: str, clock: MovableClock) -> None:
    database = open_database(f"{postgres_dsn}?max_conns=1&max_conn_lifetime=1h", clock)
    await database.start()
    ask = "SELECT pg_backend_pid() AS pid"
    first = await database.reader.fetch_one(ask)
    assert await database.reader.fetch_one(ask) == first
    clock.move(hours=1)
    assert await database.reader.fetch_one(ask) != first
    await database.close()
