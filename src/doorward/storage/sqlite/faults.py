"""SQLite's result codes as our errors. Messages of SQLite name tables and columns, never values."""

import re
import sqlite3

from doorward.errors import DoorwardError
from doorward.storage.errors import (
    DatabaseAway,
    DatabaseBusy,
    DatabaseFull,
    DatabaseReadOnly,
    ForeignKeyViolation,
    StatementFailed,
    UniqueViolation,
    UnstorableValue,
    UnusableFile,
)

PRIMARY_MASK = 0xFF
UNIQUE_CODES = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})
UNIQUE_COLUMNS = re.compile(r"(\w+)\.(\w+)")


def translate(error: Exception) -> DoorwardError:
    """The error to raise instead of `error` (a sqlite3.Error, or what binding a parameter raised)."""
    if isinstance(error, OverflowError | UnicodeError):
        return UnstorableValue()
    code = getattr(error, "sqlite_errorcode", 0)
    if code in UNIQUE_CODES:
        return unique_violation(str(error))
    if code == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
        return ForeignKeyViolation()
    return by_primary_code(code & PRIMARY_MASK, error)


def unique_violation(message: str) -> UniqueViolation:
    """From `UNIQUE constraint failed: table.column, table.column`."""
    pairs = UNIQUE_COLUMNS.findall(message)
    table = pairs[0][0] if pairs else ""
    return UniqueViolation(table, tuple(column for _, column in pairs))


def by_primary_code(code: int, error: Exception) -> DoorwardError:
    match code:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            return DatabaseBusy("Another process holds the database file.")
        case sqlite3.SQLITE_FULL:
            return DatabaseFull()
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return DatabaseReadOnly()
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN:
            return DatabaseAway("The database file cannot be read or written.")
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return UnusableFile("The database file is damaged or is not an SQLite database. Restore it from a backup.")
    return StatementFailed(f"SQLite: {error}")
