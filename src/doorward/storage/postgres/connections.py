"""The pool: how connections are made, lent and returned. No SQL of ours runs here but the search path."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import asyncpg

from doorward.clock import Clock
from doorward.storage.dsn import PostgresDsn
from doorward.storage.errors import DatabaseAway, DatabaseBusy
from doorward.storage.postgres.faults import DRIVER_ERRORS, translate, translated
from doorward.storage.postgres.opening import explained
from doorward.storage.postgres.transaction import Connection

Pool: TypeAlias = "asyncpg.Pool[Any]"
SCHEMA = "doorward"
ACQUIRE_TIMEOUT_S = 5.0
STATEMENT_TIMEOUT_S = 30.0
READ_TIMEOUT_S = 15.0
"""For a single read, which a person's request may be waiting for."""
BEGIN_TIMEOUT_S = 5.0
"""Beginning takes the server no time: who does not answer that is away, and waiting longer fills the pool."""
RELEASE_TIMEOUT_S = 2.0
"""Until then the server must have ended a statement that was given up; else its connection is cut."""
CLOSE_TIMEOUT_S = 5.0
STATEMENTS_KEPT = 512
READY = 4
READY_S = 1.0
"""So many connections stay out of the driver's pool for so long after their last use: the next read takes one without
the tasks that going in and out of the pool would cost, a twentieth of a whole `whoami`."""
BEGIN_POOLED = f"BEGIN; SET LOCAL search_path = {SCHEMA}"


def default_max_conns() -> int:
    """Two per core keep the server busy; a few more wait for their commit's fsync."""
    return 2 * (os.cpu_count() or 1) + 4


def session_settings(dsn: PostgresDsn, *, read_only: bool) -> Mapping[str, str]:
    """What each session is set to when it starts; PgBouncer would refuse or forget it."""
    if dsn.is_pooled:
        return {}
    settings = {"search_path": SCHEMA}
    if "application_name=" not in dsn.url:
        settings["application_name"] = "doorward"
    if not dsn.is_cockroach:
        # A process that was stopped in the middle of a transaction must not hold its rows for ever.
        settings["idle_in_transaction_session_timeout"] = "60000"
    if read_only:
        settings["default_transaction_read_only"] = "on"
    return settings


def connect_arguments(dsn: PostgresDsn, *, read_only: bool) -> dict[str, Any]:
    """The keywords that asyncpg's connect and create_pool share."""
    return {
        "dsn": dsn.url,
        "timeout": dsn.connect_timeout_s,
        "command_timeout": STATEMENT_TIMEOUT_S,
        "statement_cache_size": 0 if dsn.is_pooled else STATEMENTS_KEPT,
        "server_settings": dict(session_settings(dsn, read_only=read_only)),
    }


async def keep_as_it_is(connection: "asyncpg.Connection[Any]") -> None:
    """Instead of the driver's reset, which costs a round trip each time: our transactions always end themselves."""


class Connections:
    """A pool of at most `max_conns` connections. Waiting for one longer than ACQUIRE_TIMEOUT_S is being overloaded."""

    def __init__(self, dsn: PostgresDsn, clock: Clock, *, read_only: bool) -> None:
        self._dsn = dsn
        self._clock = clock
        self._read_only = read_only
        self._pool: Pool | None = None
        self._renewed_at: datetime = clock.now()
        self._renewals = 0
        self._ready: list[Connection] = []
        self._waiting = 0
        self._sweep: asyncio.TimerHandle | None = None
        self._sweeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Opens the first connection. Raises InvalidDsn, DatabaseRefused, DatabaseAway."""
        with explained(self._dsn):
            self._pool = await asyncpg.create_pool(
                min_size=1,
                max_size=self._dsn.max_conns or default_max_conns(),
                max_inactive_connection_lifetime=self._dsn.max_conn_idle_s,
                reset=keep_as_it_is,
                **connect_arguments(self._dsn, read_only=self._read_only),
            )

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        if self._sweep is not None:
            self._sweep.cancel()
        await self._put_back(pool)
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await pool.close()
        except TimeoutError:
            pool.terminate()

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[Connection]:
        """A connection outside any transaction. Raises DatabaseBusy, DatabaseAway."""
        pool = await self._current_pool()
        renewals = self._renewals
        connection = await self._acquire(pool)
        try:
            yield connection
        except BaseException:
            await release(pool, connection)
            raise
        if pool is self._pool and renewals == self._renewals and not self._waiting and len(self._ready) < READY:
            self._keep_ready(connection)
        else:
            await release(pool, connection)

    @asynccontextmanager
    async def begun(self) -> AsyncIterator[Connection]:
        """A connection with a transaction open; whoever borrows it ends the transaction, or it is rolled back.

        A connection that turns out to have died while it was idle is replaced once.
        """
        pool = await self._current_pool()
        try:
            connection = await self._begin(pool)
        except DatabaseAway:
            await self.renew()
            connection = await self._begin(pool)
        try:
            yield connection
        finally:
            await roll_back_open(connection)
            await release(pool, connection)

    async def renew(self) -> None:
        """Has every idle connection replaced before its next use: where one has died, others often have, too."""
        self._renewed_at = self._clock.now()
        self._renewals += 1
        if self._pool is not None:
            await self._pool.expire_connections()
            await self._put_back(self._pool)

    async def _begin(self, pool: Pool) -> Connection:
        connection = await self._acquire(pool)
        try:
            with translated():
                begin = BEGIN_POOLED if self._dsn.is_pooled else "BEGIN"
                await connection.execute(begin, timeout=BEGIN_TIMEOUT_S)
        except BaseException:
            cut(connection)
            await release(pool, connection)
            raise
        return connection

    async def _acquire(self, pool: Pool) -> Connection:
        """One that is ready, else one of the pool. Raises DatabaseBusy, DatabaseAway."""
        while self._ready:
            connection = self._ready.pop()
            if is_open(connection):
                return connection
            await release(pool, connection)
        self._waiting += 1
        try:
            return await acquire(pool)
        finally:
            self._waiting -= 1

    def _keep_ready(self, connection: Connection) -> None:
        self._ready.append(connection)
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(READY_S, self._put_all_back)

    def _put_all_back(self) -> None:
        """The pool ends what is idle for long; only what it has can it end."""
        self._sweep = None
        if self._pool is not None and self._ready:
            self._sweeping = asyncio.create_task(self._put_back(self._pool))

    async def _put_back(self, pool: Pool) -> None:
        ready, self._ready = self._ready, []
        for connection in ready:
            await release(pool, connection)

    async def _current_pool(self) -> Pool:
        if self._pool is None:
            raise DatabaseAway("The database is not open.")
        lifetime_s = self._dsn.max_conn_lifetime_s
        if lifetime_s and self._clock.now() - self._renewed_at >= timedelta(seconds=lifetime_s):
            await self.renew()
        return self._pool


def is_open(connection: Connection) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        # The pool has taken back what the server had ended.
        return False


async def acquire(pool: Pool) -> Connection:
    """Raises DatabaseBusy when all connections stay in use, DatabaseAway when a new one cannot be made."""
    try:
        if pool.get_idle_size() > 0:
            # One that stands ready is there at once, and the driver's watch over the time would be a task of its own.
            return await pool.acquire()
        return await pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
    except TimeoutError:
        if pool.get_size() < pool.get_max_size():
            # There was room for another connection, but nobody let it in.
            raise DatabaseAway("The database server did not answer in time.") from None
        raise DatabaseBusy("All connections to the database are in use.") from None
    except DRIVER_ERRORS as error:
        raise translate(error) from None


async def release(pool: Pool, connection: Connection) -> None:
    """Gives the connection back; one that cannot be given back is cut, which is no fault of the statement before."""
    try:
        await pool.release(connection, timeout=RELEASE_TIMEOUT_S)
    except DRIVER_ERRORS:
        cut(connection)


async def roll_back_open(connection: Connection) -> None:
    """Rolls back if a transaction is open, or cuts the connection, which makes the server roll back."""
    try:
        if connection.is_in_transaction():
            # Without a limit of its own the driver first waits until a statement that was given up has ended.
            async with asyncio.timeout(RELEASE_TIMEOUT_S):
                await connection.execute("ROLLBACK")
    except DRIVER_ERRORS:
        cut(connection)


def cut(connection: Connection) -> None:
    """Ends the connection without a word to the server."""
    # The proxy of a connection that has died already refuses every call, this one too.
    with suppress(asyncpg.InterfaceError):
        connection.terminate()
