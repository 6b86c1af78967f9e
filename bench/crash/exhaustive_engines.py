"""The two databases as the exhaustive run needs them: copied for each point, and asked how far the deliveries are."""

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

import asyncpg

from .exhaustive_forks import PATIENCE_S
from .records import Records, read_postgres, read_sqlite

T = TypeVar("T")
FILE = "doorward.sqlite"
Connection: TypeAlias = "asyncpg.Connection[Any]"
OPEN = "SELECT count(*) FROM deliveries WHERE state IN ('pending', 'leased', 'retryable')"
SCHEMA = """
SELECT table_name || '.' || column_name AS name, concat(data_type, is_nullable, column_default) AS definition
FROM information_schema.columns WHERE table_schema = 'doorward'
UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'doorward'
UNION ALL SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = to_regnamespace('doorward')
"""
OFFSET = (
    "INSERT INTO settings (key, value) VALUES ('clock_offset_s', '{}') ON CONFLICT (key) DO UPDATE SET value = '{}'"
)


class Store(Protocol):
    """One database of one world."""

    @property
    def dsn(self) -> str: ...

    def copy_to(self, folder: Path, name: str) -> "Store":
        """Another one with the same content. Nobody may be connected."""
        ...

    def drop(self) -> None: ...

    def count_open(self) -> int:
        """Deliveries that have not come to an end."""
        ...

    def move_clock(self, seconds: int) -> None:
        """Sets the offset of the clock of every process on it."""
        ...

    def read(self) -> Records: ...

    def read_schema(self) -> Mapping[str, str]:
        """What is defined, by name."""
        ...


@dataclass(frozen=True, slots=True)
class SqliteStore:
    """A file."""

    file: Path

    @property
    def dsn(self) -> str:
        return f"sqlite://{self.file}?_fk=true"

    def copy_to(self, folder: Path, name: str) -> "SqliteStore":
        copy = SqliteStore(folder / FILE)
        for suffix in ("", "-wal"):
            source = Path(f"{self.file}{suffix}")
            if source.exists():
                shutil.copyfile(source, f"{copy.file}{suffix}")
        return copy

    def drop(self) -> None:
        """It goes with its folder."""

    def count_open(self) -> int:
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)) as connection:
            return int(connection.execute(OPEN).fetchone()[0])

    def move_clock(self, seconds: int) -> None:
        with closing(sqlite3.connect(self.file, timeout=PATIENCE_S)) as connection, connection:
            connection.execute(OFFSET.format(seconds, seconds))

    def read(self) -> Records:
        return read_sqlite(str(self.file))

    def read_schema(self) -> Mapping[str, str]:
        with closing(sqlite3.connect(self.file)) as connection:
            return {row[0]: str(row[1]) for row in connection.execute("SELECT name, sql FROM sqlite_master")}


@dataclass(frozen=True, slots=True)
class PostgresStore:
    """A database of the server at `server_dsn`, which lacks but the name."""

    server_dsn: str
    name: str

    @property
    def dsn(self) -> str:
        return self.server_dsn + self.name

    def copy_to(self, folder: Path, name: str) -> "PostgresStore":
        # A session of a killed process may last a moment longer, and a template must have none.
        end = "SELECT pg_terminate_backend(pid, {}) FROM pg_stat_activity WHERE datname = '{}'"
        self._run("postgres", end.format(int(PATIENCE_S * 1000), self.name))
        self._run("postgres", f'CREATE DATABASE "{name}" TEMPLATE "{self.name}"')
        return PostgresStore(self.server_dsn, name)

    def drop(self) -> None:
        self._run("postgres", f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')

    def count_open(self) -> int:
        async def work(connection: Connection) -> int:
            return int(await connection.fetchval(OPEN))

        return asyncio.run(self._connected(self.name, work))

    def move_clock(self, seconds: int) -> None:
        self._run(self.name, OFFSET.format(seconds, seconds))

    def read(self) -> Records:
        return asyncio.run(read_postgres(self.dsn))

    def read_schema(self) -> Mapping[str, str]:
        async def work(connection: Connection) -> Mapping[str, str]:
            return {row["name"]: row["definition"] for row in await connection.fetch(SCHEMA)}

        return asyncio.run(self._connected(self.name, work))

    def _run(self, database: str, statement: str) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute(statement)

        asyncio.run(self._connected(database, work))

    async def _connected(self, database: str, work: Callable[[Connection], Awaitable[T]]) -> T:
        connection = await asyncpg.connect(self.server_dsn + database, server_settings={"search_path": "doorward"})
        try:
            return await work(connection)
        finally:
            await connection.close()
