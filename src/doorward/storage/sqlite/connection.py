"""Opens SQLite connections with our settings, and runs single statements on them."""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

from doorward.storage.contract import Params, Row
from doorward.storage.dsn import SqliteMode
from doorward.storage.errors import UnusableFile
from doorward.storage.sqlite.faults import PRIMARY_MASK, translate
from doorward.storage.types import adapt

BUSY_TIMEOUT_S = 5.0
WAL_PAUSE_S = 0.02
# FULL, because NORMAL may lose the latest commits at power loss, and with them what a person was told is stored.
SETTINGS = (
    "foreign_keys = ON",
    "synchronous = FULL",
    "journal_size_limit = 67108864",
    "temp_store = MEMORY",
    # KiB, at most, for each connection: the upper pages of the indexes of a million people. SQLite's own 2 MiB hold a
    # tenth of that, and a sign-in is a twentieth slower.
    "cache_size = -8192",
)


@contextmanager
def translated() -> Iterator[None]:
    """Turns the driver's exceptions into ours."""
    try:
        yield
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        raise translate(error) from None


def create_file(path: Path) -> None:
    """Makes an empty file that only this user can read; SQLite gives the same mode to its -wal and -shm files.

    A file that is there is never opened: closing it would drop the locks that this process's other connections hold
    on it (POSIX), and the next process to close its own would take itself for the last one and delete their -wal.
    """
    if path.is_file():
        if not os.access(path, os.W_OK):
            raise UnusableFile(f"{path} cannot be written by this user.")
        return
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        if path.is_dir():
            raise UnusableFile(f"{path} is a directory.") from None
    except FileNotFoundError:
        raise UnusableFile(f"The directory {path.parent} does not exist.") from None
    except IsADirectoryError:
        raise UnusableFile(f"{path} is a directory.") from None
    except PermissionError:
        raise UnusableFile(f"{path} cannot be written by this user.") from None
    except OSError as error:
        raise UnusableFile(f"{path} cannot be created: {error.strerror}.") from None


def connect(path: Path, mode: SqliteMode, *, is_reader: bool, is_durable: bool = True) -> sqlite3.Connection:
    """One connection in autocommit mode. Raises UnusableFile, Unavailable and its kinds."""
    if mode == "rwc":
        create_file(path)
    elif not path.is_file():
        raise UnusableFile(f"The database file {path} does not exist.")
    uri = f"file:{quote(str(path.absolute()))}?mode={mode.removesuffix('c')}"
    with translated():
        connection = sqlite3.connect(
            uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        try:
            configure(connection, mode, is_reader=is_reader, is_durable=is_durable)
        except BaseException:
            connection.close()
            raise
    return connection


def configure(connection: sqlite3.Connection, mode: SqliteMode, *, is_reader: bool, is_durable: bool) -> None:
    if mode != "ro" and not is_reader and switch_to_wal(connection) != "wal":
        raise UnusableFile("SQLite cannot use its write-ahead log here (a network file system?). Use a local disk.")
    for setting in SETTINGS:
        connection.execute(f"PRAGMA {setting}")
    if not is_durable:
        connection.execute("PRAGMA synchronous = OFF")
    if is_reader:
        connection.execute("PRAGMA query_only = ON")


def switch_to_wal(connection: sqlite3.Connection) -> str:
    """The journal mode afterwards. Blocks this thread while other processes do the same with a new file.

    Two that want to change the mode at once would wait for each other, so SQLite refuses one without its usual wait.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            mode: str = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & PRIMARY_MASK != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(WAL_PAUSE_S)
        else:
            return mode


def names(cursor: sqlite3.Cursor) -> list[str]:
    return [column[0] for column in cursor.description]


def bind(params: Params | None) -> dict[str, Any]:
    """Adapted parameters; SQLite keeps UUIDs as text."""
    if not params:
        return {}
    return {name: str(value) if isinstance(value, UUID) else adapt(value) for name, value in params.items()}


def fetch_one(connection: sqlite3.Connection, sql: str, params: Params | None) -> Row | None:
    with translated(), closing(connection.execute(sql, bind(params))) as cursor:
        # Closing at once matters: an unfinished SELECT would keep old pages in the log alive.
        row = cursor.fetchone()
        return None if row is None else dict(zip(names(cursor), row, strict=True))


def fetch_all(connection: sqlite3.Connection, sql: str, params: Params | None) -> list[Row]:
    with translated(), closing(connection.execute(sql, bind(params))) as cursor:
        # Once per statement: a row factory of the driver would look at the columns again for every row.
        columns = names(cursor)
        return [dict(zip(columns, row, strict=False)) for row in cursor]


def execute(connection: sqlite3.Connection, sql: str, params: Params | None) -> int:
    with translated(), closing(connection.execute(sql, bind(params))) as cursor:
        return max(cursor.rowcount, 0)


def execute_many(connection: sqlite3.Connection, sql: str, rows: Sequence[Params]) -> None:
    with translated(), closing(connection.executemany(sql, [bind(row) for row in rows])):
        pass
