"""Reads outside a transaction of the caller's."""

from doorward.storage.contract import Params, Row
from doorward.storage.errors import DatabaseAway
from doorward.storage.postgres.connections import READ_TIMEOUT_S, Connections
from doorward.storage.postgres.faults import translated
from doorward.storage.statements import StatementCache


class PostgresReader:
    """One statement on a borrowed connection. A connection that has died meanwhile is replaced once."""

    def __init__(self, connections: Connections, statements: StatementCache) -> None:
        self._connections = connections
        self._statements = statements

    async def fetch_one(self, sql: str, params: Params | None = None) -> Row | None:
        rows = await self.fetch_all(sql, params)
        return rows[0] if rows else None

    async def fetch_all(self, sql: str, params: Params | None = None) -> list[Row]:
        try:
            return await self._fetch(sql, params)
        except DatabaseAway:
            await self._connections.renew()
            return await self._fetch(sql, params)

    async def _fetch(self, sql: str, params: Params | None) -> list[Row]:
        statement = self._statements.get_compiled(sql)
        arguments = statement.arguments(params or {})
        async with self._connections.lend() as connection:
            with translated():
                rows = await connection.fetch(statement.sql, *arguments, timeout=READ_TIMEOUT_S)
        return [dict(row) for row in rows]


class PooledReader(PostgresReader):
    """Behind PgBouncer the search path lasts for a transaction only, so each read has one."""

    async def _fetch(self, sql: str, params: Params | None) -> list[Row]:
        statement = self._statements.get_compiled(sql)
        arguments = statement.arguments(params or {})
        async with self._connections.begun() as connection:
            with translated():
                rows = await connection.fetch(statement.sql, *arguments, timeout=READ_TIMEOUT_S)
                await connection.execute("COMMIT")
        return [dict(row) for row in rows]
