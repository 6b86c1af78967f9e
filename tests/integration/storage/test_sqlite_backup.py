"""The online copy: one moment of the source, whatever is written meanwhile; nothing half-done at the target."""

import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from doorward.storage.errors import UnusableFile
from doorward.storage.sqlite.backup import BackupRunning, TargetExists, copy_online, finish_copy, partial_file
from doorward.storage.sqlite.connection import connect

ROWS = 2_000


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.sqlite"
    with closing(connect(path, "rwc", is_reader=False)) as connection:
        connection.execute("CREATE TABLE facts (id INTEGER PRIMARY KEY, text TEXT)")
        connection.executemany("INSERT INTO facts (text) VALUES (?)", [("x" * 500,)] * ROWS)
    return path


@pytest.fixture
def writing(source: Path) -> Iterator[sqlite3.Connection]:
    """Another program's connection."""
    with closing(connect(source, "rw", is_reader=False)) as connection:
        yield connection


def count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM facts").fetchone()[0])


def back_up(source: Path, target: Path) -> None:
    with partial_file(target, force=False) as partial:
        copy_online(source, partial, lambda _done, _total: None)
        finish_copy(partial)


def test_a_copy_is_of_one_moment_and_never_begins_anew(
    source: Path, writing: sqlite3.Connection, tmp_path: Path
) -> None:
    steps: list[tuple[int, int]] = []

    def write_between(done: int, total: int) -> None:
        assert len(steps) < ROWS, "it begins anew at every commit"
        steps.append((done, total))
        writing.execute("INSERT INTO facts (text) VALUES ('later')")

    target = tmp_path / "copy.sqlite"
    with partial_file(target, force=False) as partial:
        copy_online(source, partial, write_between, pages_per_step=10)
        finish_copy(partial)
    assert count(target) == ROWS
    assert count(source) == ROWS + len(steps)
    assert [done for done, _ in steps] == sorted({done for done, _ in steps}), "it went back"
    assert steps[-1][0] == steps[-1][1]
    assert len(steps) > 10


def test_the_copy_is_one_private_file(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "folder" / "copy.sqlite"
    target.parent.mkdir()
    with partial_file(target, force=False) as partial:
        assert stat.S_IMODE(partial.stat().st_mode) == 0o600
        copy_online(source, partial, lambda _done, _total: None)
        finish_copy(partial)
    assert [each.name for each in target.parent.iterdir()] == ["copy.sqlite"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_an_existing_file_is_replaced_only_when_asked(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.sqlite"
    target.write_text("mine")
    with pytest.raises(TargetExists), partial_file(target, force=False):
        pass
    assert target.read_text() == "mine"
    with partial_file(target, force=True) as partial:
        copy_online(source, partial, lambda _done, _total: None)
    assert count(target) == ROWS


def test_a_failure_leaves_what_was_there(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.sqlite"
    target.write_text("the last good one")

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), partial_file(target, force=True) as partial:
        copy_online(source, partial, stop, pages_per_step=1)
    assert target.read_text() == "the last good one"
    assert not target.with_name("copy.sqlite.partial").exists()


def test_what_a_killed_backup_left_is_no_part_of_the_next(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.sqlite"
    for suffix in ("", "-journal", "-wal"):
        target.with_name(f"copy.sqlite.partial{suffix}").write_bytes(os.urandom(9000))
    with partial_file(target, force=False) as partial:
        copy_online(source, partial, lambda _done, _total: None)
        finish_copy(partial)
    assert count(target) == ROWS


def test_two_backups_to_one_file_do_not_mix(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.sqlite"
    with partial_file(target, force=False), pytest.raises(BackupRunning), partial_file(target, force=False):
        pass
    other = os.open(target.with_name("copy.sqlite.partial"), os.O_CREAT | os.O_RDWR)
    fcntl.flock(other, fcntl.LOCK_EX)
    with pytest.raises(BackupRunning), partial_file(target, force=True):
        pass
    os.close(other)


def test_a_damaged_source_makes_no_backup(source: Path, tmp_path: Path) -> None:
    with source.open("r+b") as damaged:
        damaged.seek(4096 * 20)
        damaged.write(os.urandom(4096 * 3))
    target = tmp_path / "copy.sqlite"
    with pytest.raises(UnusableFile):
        back_up(source, target)
    assert not target.exists()
