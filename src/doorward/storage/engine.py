"""Picks the engine for a dsn."""

from doorward.clock import Clock
from doorward.storage.contract import Database
from doorward.storage.dsn import SqliteDsn, parse_dsn
from doorward.storage.postgres.database import PostgresDatabase
from doorward.storage.sqlite.database import SqliteDatabase


def open_database(dsn: str, clock: Clock, *, read_only: bool = False) -> Database:
    """The database at `dsn`, not yet started. Raises InvalidDsn."""
    parsed = parse_dsn(dsn)
    if isinstance(parsed, SqliteDsn):
        return SqliteDatabase(parsed, read_only=read_only)
    return PostgresDatabase(parsed, clock, read_only=read_only)
