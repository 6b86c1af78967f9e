"""What only an SQLite file can do, or suffer."""

import asyncio
import os
import resource
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from doorward.clock import MovableClock
from doorward.errors import Unavailable
from doorward.storage.contract import Database, Transaction
from doorward.storage.engine import open_database
from doorward.storage.errors import (
    DatabaseAway,
    DatabaseBusy,
    DatabaseReadOnly,
    ForeignDatabase,
    StatementFailed,
    UnusableFile,
)
from doorward.storage.migrate import migrate
from doorward.storage.sqlite.connection import connect
from doorward.storage.sqlite.writer import Writer
from doorward.storage.wakes import WakeBoard

INSERT = "INSERT INTO settings (key, value) VALUES (:key, :value)"


def entries(directory: Path) -> list[Path]:
    return list(directory.iterdir())


def set_mode(path: Path, mode: int) -> None:
    path.chmod(mode)


async def put(tx: Transaction, key: str, value: str = "") -> None:
    await tx.execute(INSERT, {"key": key, "value": value})


async def keys_in(database: Database) -> set[str]:
    return {row["key"] for row in await database.reader.fetch_all("SELECT key FROM settings")}


async def test_the_file_is_for_this_user_only_and_durable(file: Database, path: Path) -> None:
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        assert stat.S_IMODE(name.stat().st_mode) == 0o600
    row = await file.reader.fetch_one("PRAGMA journal_mode")
    assert row == {"journal_mode": "wal"}

    async def work(tx: Transaction) -> tuple[object, object]:
        synchronous = await tx.fetch_one("PRAGMA synchronous")
        foreign = await tx.fetch_one("PRAGMA foreign_keys")
        return synchronous, foreign

    assert await file.transaction(work) == ({"synchronous": 2}, {"foreign_keys": 1})


async def test_the_reader_cannot_write(file: Database) -> None:
    with pytest.raises((StatementFailed, DatabaseReadOnly)):
        await file.reader.fetch_all("DELETE FROM settings")


async def test_works_that_wait_are_committed_together(file: Database) -> None:
    """Every work of a group sees the rows of those before it, though none is committed yet."""
    gate, started, seen = threading.Event(), asyncio.Event(), []
    loop = asyncio.get_running_loop()

    async def hold(tx: Transaction) -> None:
        loop.call_soon_threadsafe(started.set)
        gate.wait(60)
        await put(tx, "first")

    async def work(tx: Transaction, number: int) -> None:
        await put(tx, f"k{number}")
        rows = await tx.fetch_all("SELECT key FROM settings")
        seen.append((len(rows), len(await keys_in(file))))

    holding = asyncio.create_task(file.transaction(hold))
    await started.wait()
    tasks = [asyncio.create_task(file.transaction(lambda tx, n=n: work(tx, n))) for n in range(10)]  # type: ignore[misc]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(holding, *tasks)
    assert [inside for inside, _ in seen] == list(range(2, 12))
    assert {committed for _, committed in seen} == {1}


async def test_a_full_line_is_refused_at_once(path: Path) -> None:
    writer = Writer(connect(path, "rwc", is_reader=False), WakeBoard(), queue_limit=2)
    gate = threading.Event()
    started = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def hold(_tx: Transaction) -> None:
        loop.call_soon_threadsafe(started.set)
        gate.wait(60)

    async def nothing(_tx: Transaction) -> str:
        return "done"

    writer.start()
    first = asyncio.create_task(writer.submit(hold))
    await started.wait()
    waiting = [asyncio.create_task(writer.submit(nothing)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(DatabaseBusy):
        await writer.submit(nothing)
    gate.set()
    assert await asyncio.gather(first, *waiting) == [None, "done", "done"]
    await writer.close()
    with pytest.raises(DatabaseAway):
        await writer.submit(nothing)


async def test_closing_finishes_what_waits(path: Path, clock: MovableClock) -> None:
    database = open_database(f"sqlite://{path}", clock)
    await database.start()
    await migrate(database, clock)
    tasks = [asyncio.create_task(database.transaction(lambda tx, n=n: put(tx, f"k{n}"))) for n in range(50)]  # type: ignore[misc]
    await asyncio.sleep(0)
    await database.close()
    await asyncio.gather(*tasks)
    again = open_database(f"sqlite://{path}?mode=ro", clock)
    await again.start()
    assert len(await keys_in(again)) == 50
    await again.close()


async def test_several_databases_write_the_same_file(file: Database, path: Path, clock: MovableClock) -> None:
    other = open_database(f"sqlite://{path}", clock)
    await other.start()
    works = [
        (file if n % 2 else other).transaction(lambda tx, n=n: put(tx, f"k{n}"))  # type: ignore[misc]
        for n in range(100)
    ]
    await asyncio.gather(*works)
    assert len(await keys_in(file)) == len(await keys_in(other)) == 100
    await other.close()


async def test_a_file_that_another_process_holds_is_busy_not_broken(
    path: Path, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("doorward.storage.sqlite.connection.BUSY_TIMEOUT_S", 0.05)
    database = open_database(f"sqlite://{path}", clock)
    await database.start()
    await migrate(database, clock)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy):
        await database.transaction(lambda tx: put(tx, "refused"))
    holder.execute("ROLLBACK")
    holder.close()
    await database.transaction(lambda tx: put(tx, "taken"))
    assert await keys_in(database) == {"taken"}
    await database.close()


async def test_a_full_disk_loses_nothing_that_was_answered(file: Database) -> None:
    """The limit on file sizes stands in for the disk: the kernel refuses the write in the middle of the commit."""
    await file.transaction(lambda tx: put(tx, "before"))
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal_free = (512 * 1024, old[1])
    resource.setrlimit(resource.RLIMIT_FSIZE, signal_free)
    try:
        works = [file.transaction(lambda tx, n=n: put(tx, f"k{n}", "x" * 300_000)) for n in range(8)]  # type: ignore[misc]
        results = await asyncio.gather(*works, return_exceptions=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    failed = [result for result in results if result is not None]
    assert failed
    assert all(isinstance(result, Unavailable) for result in failed)
    kept = {f"k{n}" for n, result in enumerate(results) if result is None}
    assert await keys_in(file) == {"before"} | kept
    await file.transaction(lambda tx: put(tx, "after"))
    assert "after" in await keys_in(file)


async def test_read_only(file: Database, path: Path, clock: MovableClock) -> None:
    await file.transaction(lambda tx: put(tx, "x"))
    reading = open_database(f"sqlite://{path}", clock, read_only=True)
    await reading.start()
    assert await keys_in(reading) == {"x"}
    with pytest.raises(DatabaseReadOnly):
        await reading.transaction(lambda tx: put(tx, "y"))
    await reading.close()


async def test_memory_is_private_and_leaves_no_file(
    clock: MovableClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    first, second = open_database("memory", clock), open_database("memory", clock)
    for database in (first, second):
        await database.start()
        await migrate(database, clock)
    await first.transaction(lambda tx: put(tx, "x"))
    assert await keys_in(first) == {"x"}
    assert await keys_in(second) == set()
    assert entries(tmp_path)
    await first.close()
    await second.close()
    assert entries(tmp_path) == []


async def refused(dsn: str, clock: MovableClock) -> Exception:
    database = open_database(dsn, clock)
    try:
        await database.start()
    except (UnusableFile, ForeignDatabase) as error:
        return error
    await database.close()
    raise AssertionError("it was opened")


async def test_unusable_files_say_what_is_wrong(tmp_path: Path, clock: MovableClock) -> None:
    (tmp_path / "text").write_text("this is not a database" * 100)
    cases = {
        "nowhere/db": "directory",
        ".": "is a directory",
        "text": "not an SQLite database",
        "missing?mode=ro": "does not exist",
        "missing?mode=rw": "does not exist",
    }
    for name, says in cases.items():
        assert says in str(await refused(f"sqlite://{tmp_path}/{name}", clock))
    assert not (tmp_path / "missing").exists()


async def test_kratoss_file_and_other_programs_files_are_refused(tmp_path: Path, clock: MovableClock) -> None:
    for name, table, says in [
        ("kratos", "selfservice_login_flows", "Ory Kratos"),
        ("notes", "notes", "another program"),
    ]:
        with sqlite3.connect(tmp_path / name) as connection:
            connection.execute(f"CREATE TABLE {table} (id TEXT)")
        connection.close()
        before = (tmp_path / name).read_bytes()
        assert says in str(await refused(f"sqlite://{tmp_path}/{name}", clock))
        assert b"schema_migrations" not in (tmp_path / name).read_bytes()
        assert len((tmp_path / name).read_bytes()) == len(before)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
async def test_a_directory_without_permission(tmp_path: Path, clock: MovableClock) -> None:
    set_mode(tmp_path, 0o500)
    assert "cannot be" in str(await refused(f"sqlite://{tmp_path}/db", clock))
    set_mode(tmp_path, 0o700)
