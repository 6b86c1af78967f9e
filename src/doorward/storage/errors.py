"""What can go wrong with the database, without a value, a password or a statement's parameters in any text.

Unavailable and its kinds mean: nothing was written, try again. CommitUnknown alone leaves that open.
"""

from typing import Any

from doorward.errors import Conflict, DoorwardError, InvalidInput, Misconfigured, Unavailable


class DatabaseAway(Unavailable):
    """The database does not answer at the moment. Try again shortly."""


class DatabaseBusy(Unavailable):
    """The database has too much to do at the moment. Try again shortly."""


class StatementTooSlow(DatabaseBusy):
    """The database took too long to answer. Nothing was written. Try again shortly."""


class DatabaseFull(Unavailable):
    """The database's disk is full. Nothing was written."""

    def __init__(self, reason: str | None = None, retry_after_s: int = 30, **details: Any) -> None:
        super().__init__(reason, retry_after_s, **details)


class DatabaseReadOnly(Unavailable):
    """The database can only be read at the moment. Nothing was written."""


class DatabaseMoved(Unavailable):
    """The database file was moved, deleted or replaced while the server used it. Nothing was written."""


class CommitUnknown(Unavailable):
    """The connection was lost while the change was being committed. It may or may not have been made."""


class Contended(DatabaseBusy):
    """Other transactions kept changing the same rows. Try again shortly."""


class UniqueViolation(Conflict):
    """A row with this key exists already."""

    def __init__(self, table: str, columns: tuple[str, ...]) -> None:
        """`columns` are those of the key, in no promised order; values are left out, they may be personal."""
        super().__init__()
        self.table = table
        self.columns = columns


class ForeignKeyViolation(Conflict):
    """A row that is referred to does not exist, or is still referred to."""


class UnstorableValue(InvalidInput):
    """A value contains a character or a number that a database cannot keep."""


class StatementFailed(DoorwardError):
    """The server could not use its database as it was programmed to. This is a bug or a damaged schema."""


class SuspendedInTransaction(DoorwardError):
    """Something other than the database was awaited while a transaction was open. This is a bug."""


class TransactionOver(DoorwardError):
    """A transaction was used after it had ended or failed. This is a bug."""


class InvalidDsn(Misconfigured):
    """The database address (dsn) cannot be used."""


class DatabaseRefused(Misconfigured):
    """The database server refuses this user, password or database name."""


class UnusableFile(Misconfigured):
    """The database file cannot be used."""


class ForeignDatabase(Misconfigured):
    """This database belongs to another program."""


class SchemaOutdated(Misconfigured):
    """The database's schema is older than this release. Run: doorward migrate"""


class SchemaTooNew(Misconfigured):
    """The database's schema is newer than this release understands. Install the newer release."""


class SchemaGap(Misconfigured):
    """The database's schema misses a step in the middle. Restore a complete backup."""
