"""PostgreSQL's SQLSTATEs as our errors. Its DETAIL lines name values, so they are read for column names only."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from doorward.errors import DoorwardError
from doorward.storage.errors import (
    Contended,
    DatabaseAway,
    DatabaseBusy,
    DatabaseFull,
    DatabaseReadOnly,
    DatabaseRefused,
    ForeignKeyViolation,
    StatementFailed,
    StatementTooSlow,
    UniqueViolation,
    UnstorableValue,
)

KEY_COLUMNS = re.compile(r"^Key \((.*?)\)=")
CONTENDED = frozenset({"40001", "40P01"})
# A prepared statement that a migration in another process has outdated: the next try prepares it anew.
OUTDATED = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)
BY_STATE: dict[str, type[DoorwardError]] = {
    "23503": ForeignKeyViolation,
    "25006": DatabaseReadOnly,
    "53100": DatabaseFull,
    # What an operator's own timeouts do: idle in a transaction (a process that was stopped), a statement, a lock.
    "25P03": DatabaseAway,
    "25P04": StatementTooSlow,
    "53300": DatabaseBusy,
    "57014": StatementTooSlow,
    "55P03": DatabaseBusy,
    "3D000": DatabaseRefused,
}
BY_CLASS: dict[str, type[DoorwardError]] = {
    "08": DatabaseAway,
    "22": UnstorableValue,
    "28": DatabaseRefused,
    "53": DatabaseBusy,
    "57": DatabaseAway,
    "58": DatabaseAway,
}
AWAY = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError)
DRIVER_ERRORS = (asyncpg.PostgresError, *AWAY)


@contextmanager
def translated() -> Iterator[None]:
    """Turns the driver's exceptions into ours; the original is dropped, since its text may hold personal data."""
    try:
        yield
    except DRIVER_ERRORS as error:
        raise translate(error) from None


def translate(error: Exception) -> DoorwardError:
    """The error to raise instead of one of DRIVER_ERRORS."""
    if isinstance(error, asyncpg.DataError) and getattr(error, "severity", None) is None:
        # The driver refused a parameter before sending it: its type does not fit the column.
        return StatementFailed("PostgreSQL: a parameter has the wrong type for its place in the statement.")
    if isinstance(error, OUTDATED):
        return Contended()
    if isinstance(error, TimeoutError) and error.errno is None:
        # The driver's own limit; a network that gave up has a number.
        return StatementTooSlow()
    if not isinstance(error, asyncpg.PostgresError):
        return DatabaseAway("The database server cannot be reached.")
    return by_state(getattr(error, "sqlstate", None) or "", error)


def by_state(state: str, error: asyncpg.PostgresError) -> DoorwardError:
    if state == "23505":
        return unique_violation(error)
    if state in CONTENDED:
        return Contended()
    if state == "42501":
        return DatabaseRefused(f"The database user may not do what is needed: {getattr(error, 'message', '')}.")
    kind = BY_STATE.get(state) or BY_CLASS.get(state[:2])
    if kind is not None:
        return kind()
    return StatementFailed(f"PostgreSQL: {state} {getattr(error, 'message', None) or ''}".rstrip())


def unique_violation(error: asyncpg.PostgresError) -> UniqueViolation:
    columns = KEY_COLUMNS.match(getattr(error, "detail", None) or "")
    names = tuple(name.strip() for name in columns[1].split(",")) if columns else ()
    return UniqueViolation(getattr(error, "table_name", None) or "", names)
