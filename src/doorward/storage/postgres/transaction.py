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
from doorward.storage.postgres.packing import Deferred, Pack, Packer
from doorward.storage.statements import StatementCache

T = TypeVar("T")
# The driver's classes are generic for type checkers only, so they are named in quotes.
Connection: TypeAlias = "PoolConnectionProxy[Any]"


class PostgresTransaction:
    """One transaction on one connection. `is_executing` tells whether a statement of it is being awaited.

    It begins with its first statement that has to be answered: one that only defers needs no connection until its end.
    """

    def __init__(self, begin: Callable[[], Awaitable[Connection]], statements: StatementCache, packer: Packer) -> None:
        """`begin` borrows a connection and begins."""
        self._begin = begin
        self._statements = statements
        self._packer = packer
        self._deferred: list[Deferred] = []
        self._is_open = True
        self.connection: Connection | None = None
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
        arguments = statement.arguments(params or {})
        row = await self._run(lambda connection: connection.fetchrow(statement.sql, *arguments))
        return None if row is None else dict(row)

    async def fetch_all(self, sql: str, params: Params | None = None) -> list[Row]:
        write_failpoint(sql)
        statement = self._statements.get_compiled(sql)
        arguments = statement.arguments(params or {})
        rows = await self._run(lambda connection: connection.fetch(statement.sql, *arguments))
        return [dict(row) for row in rows]

    async def execute(self, sql: str, params: Params | None = None) -> int:
        write_failpoint(sql)
        statement = self._statements.get_compiled(sql)
        arguments = statement.arguments(params or {})
        status = await self._run(lambda connection: connection.execute(statement.sql, *arguments))
        return rows_touched(status)

    async def execute_many(self, sql: str, rows: Sequence[Params]) -> None:
        write_failpoint(sql)
        statement = self._statements.get_compiled(sql)
        arguments = [statement.arguments(row) for row in rows]
        if arguments:
            await self._run(lambda connection: connection.executemany(statement.sql, arguments))

    async def defer(self, sql: str, params: Params | None = None) -> None:
        write_failpoint(sql)
        self._require_open()
        self._deferred.append(self._packer.deferred(sql, params or {}))

    def on_commit(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)

    def wake(self, channel: str) -> None:
        self.wakes.add(channel)

    def end(self) -> None:
        """No statement is accepted from now on: the connection belongs to somebody else soon."""
        self._is_open = False

    def take_deferred(self) -> list[Pack]:
        """What has not been sent yet, once."""
        writes, self._deferred = self._deferred, []
        return self._packer.packs(writes)

    async def send(self, packs: Sequence[Pack]) -> None:
        """Raises what they raise."""
        if packs:
            await self._execute(lambda connection: run_all(connection, packs))

    async def _run(self, statement: Callable[[Connection], Awaitable[T]]) -> T:
        self._require_open()
        return await self._execute(statement)

    async def _execute(self, statement: Callable[[Connection], Awaitable[T]]) -> T:
        """Begins if need be, and sends first what was deferred: the statement may look at it."""
        self.is_executing = True
        try:
            with translated():
                connection = self.connection
                if connection is None:
                    connection = self.connection = await self._begin()
                await run_all(connection, self.take_deferred())
                return await statement(connection)
        except DoorwardError as fault:
            self.fault = fault
            raise
        finally:
            self.is_executing = False

    def _require_open(self) -> None:
        if not self._is_open or self.fault is not None:
            raise TransactionOver()


async def run_all(connection: Connection, packs: Sequence[Pack]) -> None:
    for pack in packs:
        await connection.execute(pack.sql, *pack.arguments)


def rows_touched(status: str) -> int:
    """The number at the end of a command tag such as `UPDATE 3`; 0 for `CREATE TABLE`."""
    last = status.rpartition(" ")[2]
    return int(last) if last.isdigit() else 0
