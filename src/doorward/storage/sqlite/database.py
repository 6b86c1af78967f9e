"""An SQLite file as a Database."""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

from doorward.storage.contract import Params, Reader, Row, Subscription, Transaction
from doorward.storage.dialect import SQLITE, Dialect
from doorward.storage.dsn import SqliteDsn, SqliteMode
from doorward.storage.errors import DatabaseAway, DatabaseReadOnly
from doorward.storage.foreign import refuse_foreign
from doorward.storage.sqlite import connection as statements
from doorward.storage.sqlite.filesystem import refuse_foreign_log, refuse_network
from doorward.storage.sqlite.place import Place, log_of
from doorward.storage.sqlite.turn import Turn
from doorward.storage.sqlite.writer import Writer
from doorward.storage.wakes import WakeBoard

T = TypeVar("T")
SPARE_NUMBERS = 1 << 16


class SqliteReader:
    """Reads on the calling thread: a read takes microseconds, handing it to a thread takes more."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def fetch_one(self, sql: str, params: Params | None = None) -> Row | None:
        return statements.fetch_one(self._connection, sql, params)

    async def fetch_all(self, sql: str, params: Params | None = None) -> list[Row]:
        return statements.fetch_all(self._connection, sql, params)


class SqliteDatabase:
    """One file, one writer thread, one reading connection. Several processes may open the same file."""

    def __init__(self, dsn: SqliteDsn, *, read_only: bool = False) -> None:
        self._dsn = dsn
        self._mode: SqliteMode = "ro" if read_only else dsn.mode
        self._directory: Path | None = None
        self._wakes = WakeBoard()
        self._reading: sqlite3.Connection | None = None
        self._writer: Writer | None = None
        self._place: Place | None = None

    @property
    def dialect(self) -> Dialect:
        return SQLITE

    @property
    def reader(self) -> Reader:
        if self._reading is None:
            raise DatabaseAway("The database is not open.")
        return SqliteReader(self._reading)

    async def start(self) -> None:
        path, is_durable = self._path()
        try:
            await self._open(path, is_durable=is_durable)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        if self._writer is not None:
            await self._writer.close()
        if self._reading is not None:
            self._reading.close()
            self._reading = None
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    async def transaction(self, work: Callable[[Transaction], Awaitable[T]], *, is_durable: bool = True) -> T:
        if self._writer is None:
            raise DatabaseReadOnly() if self._mode == "ro" else DatabaseAway("The database is not open.")
        return cast("T", await self._writer.submit(work, is_durable=is_durable))

    async def require_usable(self) -> None:
        if self._place is not None:
            self._place.require_in_place()
        await self.reader.fetch_one("SELECT COUNT(*) AS tables FROM sqlite_schema")
        trouble = None if self._writer is None else self._writer.trouble
        if trouble is not None:
            # A server that is taken out of service until it is ready would never write again by itself.
            await self.transaction(write_something)

    async def wait_for_wake(self, channel: str, timeout_s: float) -> bool:
        return await self._wakes.wait_for_wake(channel, timeout_s)

    def subscribe(self, channel: str) -> Subscription:
        return self._wakes.subscribe(channel)

    def announce_to(self, tell: Callable[[str], None]) -> None:
        self._wakes.announce_to(tell)

    def ring(self, channel: str) -> None:
        self._wakes.ring(channel)

    async def _open(self, path: Path, *, is_durable: bool) -> None:
        # Opening may wait for another process's lock, so it does not happen on the loop.
        open_writing = partial(statements.connect, path, self._mode, is_reader=False, is_durable=is_durable)
        if is_durable:
            refuse_network(path)
        if self._mode != "ro":
            refuse_foreign_log(path)
        writing = None if self._mode == "ro" else await asyncio.to_thread(open_writing)
        try:
            self._reading = await asyncio.to_thread(statements.connect, path, self._mode, is_reader=True)
            await refuse_foreign(self.reader, SQLITE, path.name)
        except BaseException:
            if writing is not None:
                writing.close()
            raise
        # A private database lies where temporary files are cleared away; it lives on without its name.
        self._place = Place.of(path) if is_durable else None
        if writing is not None:
            turn = Turn(log_of(path), statements.BUSY_TIMEOUT_S) if is_durable else None
            self._writer = Writer(
                writing, self._wakes, is_durable=is_durable, place=self._place, turn=turn, reopen=open_writing
            )
            self._writer.start()

    def _path(self) -> tuple[Path, bool]:
        """The file, and whether it must survive a power cut.

        A private database is a file too: SQLite's shared memory cache locks whole tables between connections.
        """
        if self._dsn.path is not None:
            return self._dsn.path, True
        self._directory = Path(tempfile.mkdtemp(prefix="doorward-"))
        return self._directory / "memory.sqlite", False


async def write_something(tx: Transaction) -> None:
    """Changes the number in the file's header that SQLite leaves to applications, and that we do not use."""
    row = await tx.fetch_one("PRAGMA user_version")
    number = 0 if row is None else int(row["user_version"])
    await tx.execute(f"PRAGMA user_version = {(number + 1) % SPARE_NUMBERS}")
