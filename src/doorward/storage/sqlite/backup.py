"""A consistent copy of an SQLite file while other processes write to it. What the copy means is told elsewhere.

The source is read in one transaction: in WAL mode that is a snapshot which holds up no writer, and the copy does not
begin anew at each commit, as SQLite's backup does without one (https://www.sqlite.org/backup.html). Until it ends the
write-ahead log grows, because it cannot be checkpointed past the snapshot.
"""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from doorward.errors import Conflict
from doorward.storage.errors import DatabaseFull, UnusableFile
from doorward.storage.sqlite.connection import connect, translated

PAGES_PER_STEP = 1024
SIDE_FILES = ("-journal", "-wal", "-shm")

Progress = Callable[[int, int], None]
"""Pages copied, pages in all."""


class TargetExists(Conflict):
    """The file that the backup is to be written to exists already."""


class BackupRunning(Conflict):
    """Another backup is being written to this file."""


@contextmanager
def partial_file(target: Path, *, force: bool) -> Iterator[Path]:
    """`TARGET.partial`, mode 0600, for the time of the block; then synced and renamed to `target`.

    After a failure nothing is left of it, and what stood at `target` still stands there. Raises TargetExists,
    BackupRunning, UnusableFile, DatabaseFull.
    """
    if target.exists() and not force:
        raise TargetExists(f"{target} exists. Choose another name, or replace it with --force.")
    partial = target.with_name(f"{target.name}.partial")
    descriptor = _locked(partial)
    try:
        # What a backup that was killed has left behind would be taken for a part of this one.
        _remove_side_files(partial)
        os.ftruncate(descriptor, 0)
        yield partial
        _remove_side_files(partial)
        os.fsync(descriptor)
        partial.replace(target)
        _sync_directory(target.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        _remove_side_files(partial)
        raise
    finally:
        # Not earlier: closing drops the locks that SQLite's own connections to this file hold (POSIX).
        os.close(descriptor)


def copy_online(source: Path, partial: Path, progress: Progress, *, pages_per_step: int = PAGES_PER_STEP) -> None:
    """Copies what is committed at this moment. Raises UnusableFile, Unavailable and its kinds."""
    with (
        closing(connect(source, "rw", is_reader=True)) as reading,
        translated(),
        closing(sqlite3.connect(partial, isolation_level=None)) as writing,
    ):
        reading.execute("BEGIN")
        # A transaction begins with its first read.
        reading.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        reading.backup(
            writing, pages=pages_per_step, progress=lambda _, left, total: progress(total - left, total), sleep=0
        )
        reading.execute("COMMIT")


def finish_copy(partial: Path) -> None:
    """Makes it one file and checks it. Raises UnusableFile when it is damaged: then the source is, too."""
    with translated(), closing(sqlite3.connect(partial, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    if found != "ok" or broken is not None:
        raise UnusableFile(
            "The copy fails SQLite's integrity check, so the database is damaged as well. "
            "Keep the latest good backup, and look at the disk."
        )


def _locked(partial: Path) -> int:
    try:
        descriptor = os.open(partial, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UnusableFile(f"{partial} cannot be written: {error.strerror}.") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.fchmod(descriptor, 0o600)
        _require_same(descriptor, partial)
    except BlockingIOError:
        os.close(descriptor)
        raise BackupRunning(f"Another backup is being written to {partial}.") from None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _require_same(descriptor: int, path: Path) -> None:
    """The backup that held the lock before may have renamed the file that we opened."""
    if not path.exists() or os.fstat(descriptor).st_ino != path.stat().st_ino:
        raise BackupRunning(f"Another backup to {path} has just ended. Repeat it.")


def _remove_side_files(path: Path) -> None:
    for suffix in SIDE_FILES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def require_room(source: Path, target: Path) -> None:
    """Raises DatabaseFull before anything is written when the copy cannot fit."""
    free = os.statvfs(target.parent)
    needed = source.stat().st_size
    if free.f_bavail * free.f_frsize < needed:
        raise DatabaseFull(f"{target.parent} has no room for {needed / 1e6:,.0f} MB.")
