"""What the file system does not allow: refused at the start by name, answered as Unavailable while it runs."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from doorward.clock import MovableClock
from doorward.errors import Unavailable
from doorward.storage.contract import Database, Transaction
from doorward.storage.engine import open_database
from doorward.storage.errors import UnusableFile

NOBODY = 65534
IS_ROOT = os.geteuid() == 0
OPEN = """
import asyncio, concurrent.futures.thread, os, sys
from doorward.clock import SystemClock
from doorward.errors import DoorwardError
from doorward.storage.engine import open_database

async def main():
    database = open_database(sys.argv[1], SystemClock())
    try:
        await database.start()
    except DoorwardError as error:
        print(error.code(), error)
    else:
        await database.close()
        print("opened")

# Not before everything is imported: that user need not reach the interpreter's own files.
os.setgroups([])
os.setresgid(*3 * [65534])
os.setresuid(*3 * [65534])
asyncio.run(main())
"""


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that another user reaches too."""
    folder = Path(tempfile.mkdtemp(prefix="doorward-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


async def put(tx: Transaction, key: str) -> None:
    await tx.execute("INSERT INTO settings (key, value) VALUES (:key, '')", {"key": key})


async def keys_in(database: Database) -> set[str]:
    return {row["key"] for row in await database.reader.fetch_all("SELECT key FROM settings")}


def run_as_root(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def set_immutable(*paths: Path) -> None:
    if not run_as_root("chattr", "+i", *map(str, paths)):
        pytest.skip("chattr is not allowed here, or the file system does not know it")


def set_mutable(*paths: Path) -> None:
    assert run_as_root("chattr", "-i", *map(str, paths))


async def refusal(path: Path, clock: MovableClock) -> str:
    database = open_database(f"sqlite://{path}", clock)
    with pytest.raises(UnusableFile) as caught:
        await database.start()
    return str(caught.value)


def opened_by_nobody(path: Path) -> str:
    """What a process of another user is told when it opens the file."""
    done = subprocess.run(
        [sys.executable, "-c", OPEN, f"sqlite://{path}"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return (done.stdout + done.stderr).strip()


async def test_a_file_system_that_turns_read_only_while_it_runs(file: Database, path: Path) -> None:
    """As after an error of the disk. Even root may not write into an immutable file."""
    files = (path, path.with_name("doorward.sqlite-wal"))
    await file.transaction(lambda tx: put(tx, "before"))
    set_immutable(*files)
    try:
        for _ in range(2):
            with pytest.raises(Unavailable):
                await file.transaction(lambda tx: put(tx, "refused"))
        with pytest.raises(Unavailable):
            await file.require_usable()
        assert await keys_in(file) == {"before"}
    finally:
        set_mutable(*files)
    await file.require_usable()
    await file.transaction(lambda tx: put(tx, "after"))
    assert await keys_in(file) == {"before", "after"}


async def test_a_file_that_nobody_may_write_is_refused_at_the_start(path: Path, clock: MovableClock) -> None:
    database = open_database(f"sqlite://{path}", clock)
    await database.start()
    await database.close()
    set_immutable(path)
    try:
        assert "cannot be written" in await refusal(path, clock)
    finally:
        set_mutable(path)


@pytest.mark.skipif(not IS_ROOT, reason="only root may mount")
@pytest.mark.parametrize("is_there", [True, False])
async def test_a_read_only_disk_is_refused_at_the_start(tmp_path: Path, clock: MovableClock, is_there: bool) -> None:
    disk = prepared_disk(tmp_path, is_there)
    try:
        said = await refusal(disk / "doorward.sqlite", clock)
        assert "cannot be" in said
    finally:
        run_as_root("umount", str(disk))


def prepared_disk(folder: Path, is_there: bool) -> Path:
    disk = folder / "disk"
    disk.mkdir()
    if is_there:
        with sqlite3.connect(disk / "doorward.sqlite") as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        connection.close()
    if not run_as_root("mount", "--bind", str(disk), str(disk)):
        pytest.skip("mounting is not allowed here")
    assert run_as_root("mount", "-o", "remount,ro,bind", str(disk))
    return disk


@pytest.mark.skipif(not IS_ROOT, reason="only root may become somebody else")
def test_a_folder_that_this_user_may_not_write_into_is_refused(shared: Path) -> None:
    """The file alone is not enough: SQLite makes its log beside it."""
    path = shared / "doorward.sqlite"
    path.touch()
    os.chown(path, NOBODY, NOBODY)
    said = opened_by_nobody(path)
    assert said.startswith("unusable_file"), said
    assert str(shared) in said


@pytest.mark.skipif(not IS_ROOT, reason="only root may become somebody else")
def test_a_log_that_belongs_to_another_user_is_refused_by_name(shared: Path) -> None:
    """As after a command that root ran: said at the start, not at the first sign-up."""
    path = shared / "doorward.sqlite"
    os.chown(shared, NOBODY, NOBODY)
    assert opened_by_nobody(path) == "opened"
    log = path.with_name("doorward.sqlite-wal")
    log.touch(mode=0o600)
    os.chown(log, 0, 0)
    said = opened_by_nobody(path)
    assert said.startswith("unusable_file"), said
    assert log.name in said
    os.chown(log, NOBODY, NOBODY)
    assert opened_by_nobody(path) == "opened"
