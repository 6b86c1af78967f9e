"""The transaction that a work sees on PostgreSQL."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from asyncpg.pool import PoolConnectionProxy

from doorward.errors import DoorwardError
from doorward.storage.contract import Params, Row
from doorward.storage.dialect import POSTGRES, Dialect
from doorward.storage.errors import TransactionOver
from doorward.storage.failpoints import write_failpoint
from doorward.storage.postgres.faults import translated
from doorward.storage.statements import StatementCache

T = TypeVar("T")
# The driver's classes are generic for type checkers only, so they are named in quotes.
Connection: TypeAlias = "PoolConnectionProxy[Any]"


class PostgresTransaction:
    """One transaction on one connection. `is_executing` tells whether a statement of it is being awaited."""

    def __init__(self, connection: Connection, statements: StatementCache) -> None:
        self._connection = connection
        self._statements = statements
        self._is_open = True
        self.is_executing = False
        self.fault: DoorwardError | None = None
        self.callbacks: list[Callable[[], None]] = []
        self.wakes: set[str] = set()

    @property
    def dialect(self) -> Dialect:
        return POSTGRES

    async def fetch_one(self, sql: str, params: Params | None = None) -> Row | None:
        write_failpoint(sql)
        statement = self._statements.get_compiled(sql)
        row = await self._run(self._connection.fetchrow, statement.sql, *statement.arguments(params or {}))
        return None if row is None else dict(row)

    async def fetch_all(self, sql: str, params: Params | None = None) -> list[Row]:
        write_failpoint(sql)
        statement = self._statements.get_compiled(sql)
        rows = await self._run(self._connection.fetch, statement.sql, *statement.arguments(params or {}))
        return [dict(row) for row in rows]

    async def execute(self, sql: str, params: Params | None = None) -> int:
        write_failpoint(sql)
        statement = self._statements.get_compiled(sql)
        status = await self._run(self._connection.execute, statement.sql, *statement.arguments(params or {}))
        return rows_touched(status)

    async def execute_many(self, sql: str, rows: Sequence[Params]) -> None:
        write_failpoint(sql)
        statement = self._statements.get_compiled(sql)
        arguments = [statement.arguments(row) for row in rows]
        if arguments:
            await self._run(self._connection.executemany, statement.sql, arguments)

    def on_commit(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)

    def wake(self, channel: str) -> None:
        self.wakes.add(channel)

    def end(self) -> None:
        """No statement is accepted from now on: the connection belongs to somebody else soon."""
        self._is_open = False

    async def _run(self, statement: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        if not self._is_open or self.fault is not None:
            raise TransactionOver()
        self.is_executing = True
        try:
            with translated():
                return await statement(*arguments)
        except DoorwardError as fault:
            self.fault = fault
            raise
        finally:
            self.is_executing = False


def rows_touched(status: str) -> int:
    """The number at the end of a command tag such as `UPDATE 3`; 0 for `CREATE TABLE`."""
    last = status.rpartition(" ")[2]
    return int(last) if last.isdigit() else 0
