"""What the rest of the program may ask of a database. Both engines keep these promises; one test suite checks both.

A transaction is a function `async def work(tx)`. It may be run again after a conflict, so it changes nothing outside
`tx`, and it awaits nothing but `tx`: a network call while rows are locked raises SuspendedInTransaction.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from doorward.storage.dialect import Dialect

T = TypeVar("T")
Row = Mapping[str, Any]
Params = Mapping[str, Any]


class Reader(Protocol):
    """Reads rows. Parameters are written `:name`; UUID, datetime, bool, bytes, dict and list values are adapted."""

    async def fetch_one(self, sql: str, params: Params | None = None) -> Row | None:
        """The first row, raw (see `storage.types` for reading columns), or None."""
        ...

    async def fetch_all(self, sql: str, params: Params | None = None) -> list[Row]:
        """Every row. The caller limits the number in SQL."""
        ...


class Transaction(Reader, Protocol):
    """The open transaction that a work is given.

    After a statement has failed the transaction is lost, on SQLite too (as PostgreSQL has it): whoever wants to go on
    writes `ON CONFLICT DO NOTHING`. Raises UniqueViolation, ForeignKeyViolation, Unavailable and its kinds.
    """

    @property
    def dialect(self) -> Dialect: ...

    async def execute(self, sql: str, params: Params | None = None) -> int:
        """Runs one statement; the number of rows that it touched."""
        ...

    async def execute_many(self, sql: str, rows: Sequence[Params]) -> None:
        """Runs one statement once per element of `rows`."""
        ...

    async def defer(self, sql: str, params: Params | None = None) -> None:
        """Runs one INSERT, UPDATE or DELETE before the next statement of another kind, at the latest before the commit.

        For a write that nobody needs to know more of: an engine may send several at once, in any order among those of
        different tables, and, where a transaction holds nothing else, all of it in one round trip. A foreign key
        between two of them holds. What it raises may come later than the call.
        """
        ...

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Calls back on the event loop once the commit is safe; never after a rollback."""
        ...

    def wake(self, channel: str) -> None:
        """After the commit, ends the waits for `channel` in this process, and, where possible, in the others."""
        ...


Work = Callable[[Transaction], Awaitable[T]]


class Subscription(Protocol):
    """One listener's own memory of a channel: a wake between two waits is not lost."""

    async def wait(self, timeout_s: float) -> bool:
        """True at once if a wake came since the last wait; else waits; False when the time is over."""
        ...

    def close(self) -> None: ...


class Database(Protocol):
    """One open database. `reader` sees what is committed and nothing else."""

    @property
    def dialect(self) -> Dialect: ...

    @property
    def reader(self) -> Reader: ...

    async def transaction(self, work: Callable[[Transaction], Awaitable[T]], *, is_durable: bool = True) -> T:
        """Runs `work` and commits; its result. Any exception rolls back and is passed on.

        Without `is_durable` an engine may let a power cut (not the end of a process) undo the latest of such commits:
        for what is made again by whoever misses it, as a flow that was only begun, or a lease.

        Raises Unavailable (with `retry_after_s`) when the database is away, full or overloaded, CommitUnknown when the
        answer to the commit was lost. A caller cancelled while it waits does not know whether the work was committed.
        """
        ...

    async def require_usable(self) -> None:
        """Asks the database whether it answers and, where it is known to have refused a write, whether it takes one.

        Raises Unavailable with the reason.
        """
        ...

    async def start(self) -> None:
        """Opens connections. Raises Misconfigured or Unavailable."""
        ...

    async def close(self) -> None:
        """Lets the works that wait finish, then closes."""
        ...

    async def wait_for_wake(self, channel: str, timeout_s: float) -> bool:
        """Waits for a `wake(channel)`; True if there was one (also one that nobody has waited for yet), else False.

        A wake only shortens a wait: it can be lost, so whoever waits polls as well.
        """
        ...

    def subscribe(self, channel: str) -> Subscription:
        """For channels with several listeners in one process."""
        ...

    def announce_to(self, tell: Callable[[str], None]) -> None:
        """`tell` is called on the loop with the channel of each wake of this process, for others on the database."""
        ...

    def ring(self, channel: str) -> None:
        """A wake that another process told of. On the loop."""
        ...
