"""The transaction that a work sees on SQLite: its statements complete at once, on the writer's thread."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import TypeVar

from doorward.errors import DoorwardError
from doorward.storage.contract import Params, Row
from doorward.storage.dialect import SQLITE, Dialect
from doorward.storage.errors import TransactionOver
from doorward.storage.failpoints import write_failpoint
from doorward.storage.sqlite import connection as statements

T = TypeVar("T")


class SqliteTransaction:
    """One work's savepoint within the group's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._is_open = True
        self.fault: DoorwardError | None = None
        self.callbacks: list[Callable[[], None]] = []
        self.wakes: set[str] = set()

    @property
    def dialect(self) -> Dialect:
        return SQLITE

    async def fetch_one(self, sql: str, params: Params | None = None) -> Row | None:
        write_failpoint(sql)
        return self._run(lambda: statements.fetch_one(self._connection, sql, params))

    async def fetch_all(self, sql: str, params: Params | None = None) -> list[Row]:
        write_failpoint(sql)
        return self._run(lambda: statements.fetch_all(self._connection, sql, params))

    async def execute(self, sql: str, params: Params | None = None) -> int:
        write_failpoint(sql)
        return self._run(lambda: statements.execute(self._connection, sql, params))

    async def execute_many(self, sql: str, rows: Sequence[Params]) -> None:
        write_failpoint(sql)
        self._run(lambda: statements.execute_many(self._connection, sql, rows))

    async def defer(self, sql: str, params: Params | None = None) -> None:
        """At once: here a statement costs no round trip."""
        await self.execute(sql, params)

    def on_commit(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)

    def wake(self, channel: str) -> None:
        self.wakes.add(channel)

    def end(self) -> None:
        """No statement is accepted from now on: a work that kept `tx` must not write into its neighbour's savepoint."""
        self._is_open = False

    def _run(self, statement: Callable[[], T]) -> T:
        if not self._is_open or self.fault is not None:
            raise TransactionOver()
        try:
            return statement()
        except DoorwardError as fault:
            self.fault = fault
            raise
