"""A PostgreSQL database as a Database."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TypeVar

from doorward.clock import Clock
from doorward.storage.callbacks import run_callbacks
from doorward.storage.contract import Reader, Subscription, Transaction
from doorward.storage.dialect import POSTGRES, Dialect
from doorward.storage.driving import only_statements
from doorward.storage.dsn import PostgresDsn
from doorward.storage.errors import Contended, DatabaseReadOnly
from doorward.storage.foreign import refuse_foreign
from doorward.storage.postgres.commit import commit, commit_at_once
from doorward.storage.postgres.connections import Connections
from doorward.storage.postgres.listener import Listener
from doorward.storage.postgres.opening import require_usable
from doorward.storage.postgres.packing import Packer
from doorward.storage.postgres.reader import PooledReader, PostgresReader
from doorward.storage.postgres.transaction import PostgresTransaction
from doorward.storage.statements import StatementCache
from doorward.storage.wakes import WakeBoard

T = TypeVar("T")
TRIES = 6
FIRST_PAUSE_S = 0.01
JITTER = secrets.SystemRandom()


class PostgresDatabase:
    """Transactions run at READ COMMITTED; what must not change under a work is read with the dialect's `for_update`."""

    def __init__(self, dsn: PostgresDsn, clock: Clock, *, read_only: bool = False) -> None:
        self._dsn = dsn
        self._connections = Connections(dsn, clock, read_only=read_only)
        self._statements = StatementCache()
        self._packer = Packer(self._statements)
        self._wakes = WakeBoard()
        self._listener = Listener(dsn, self._wakes) if dsn.has_listen else None
        self._reader = (PooledReader if dsn.is_pooled else PostgresReader)(self._connections, self._statements)

    @property
    def dialect(self) -> Dialect:
        return POSTGRES

    @property
    def reader(self) -> Reader:
        return self._reader

    async def start(self) -> None:
        await self._connections.start()
        try:
            await require_usable(self._reader, self._dsn)
            await refuse_foreign(self._reader, POSTGRES, self._dsn.shown)
        except BaseException:
            await self.close()
            raise
        if self._listener is not None:
            self._listener.start()

    async def close(self) -> None:
        if self._listener is not None:
            await self._listener.close()
        await self._connections.close()

    async def transaction(self, work: Callable[[Transaction], Awaitable[T]], *, is_durable: bool = True) -> T:
        # Always durable: asking for less would be one more statement.
        for attempt in range(TRIES):
            try:
                return await self._attempt(work)
            except Contended:
                if attempt == TRIES - 1:
                    raise
            except DatabaseReadOnly:
                # After a failover the old connections lead to what is a standby now; new ones find the new primary.
                await self._connections.renew()
                raise
            await asyncio.sleep(JITTER.uniform(0, FIRST_PAUSE_S * 2**attempt))
        raise AssertionError("unreachable")

    async def require_usable(self) -> None:
        await self._reader.fetch_one("SELECT 1 AS one")

    async def wait_for_wake(self, channel: str, timeout_s: float) -> bool:
        return await self._wakes.wait_for_wake(channel, timeout_s)

    def subscribe(self, channel: str) -> Subscription:
        return self._wakes.subscribe(channel)

    def announce_to(self, tell: Callable[[str], None]) -> None:
        self._wakes.announce_to(tell)

    def ring(self, channel: str) -> None:
        self._wakes.ring(channel)

    async def _attempt(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        async with AsyncExitStack() as borrowed:
            transaction = PostgresTransaction(
                lambda: borrowed.enter_async_context(self._connections.begun()), self._statements, self._packer
            )
            try:
                result = await only_statements(call(work, transaction), transaction)
            finally:
                transaction.end()
            # Swallowing a failed statement must not look like success: the server would roll back at COMMIT.
            if transaction.fault is not None:
                raise transaction.fault
            await self._commit(transaction)
        self._after_commit(transaction)
        return result

    async def _commit(self, transaction: PostgresTransaction) -> None:
        """In one round trip where nothing but a few writes is to be committed; in none where there is nothing."""
        packs = transaction.take_deferred()
        # Behind PgBouncer each transaction first sets where our tables are.
        if len(packs) == 1 and transaction.connection is None and not self._dsn.is_pooled:
            async with self._connections.lend() as connection:
                await commit_at_once(connection, packs[0])
            return
        await transaction.send(packs)
        if transaction.connection is not None:
            await commit(transaction.connection)

    def _after_commit(self, transaction: PostgresTransaction) -> None:
        run_callbacks(asyncio.get_running_loop(), transaction.callbacks)
        for channel in transaction.wakes:
            self._wakes.announce(channel)
        if self._listener is not None and transaction.wakes:
            self._listener.send(transaction.wakes)


async def call(work: Callable[[Transaction], Awaitable[T]], transaction: PostgresTransaction) -> T:
    return await work(transaction)
