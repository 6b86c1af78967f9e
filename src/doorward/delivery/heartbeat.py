"""Keeps a claim's lease while its rows are worked on, so that a slow send is not taken for a dead worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from uuid import UUID

from doorward.clock import Clock
from doorward.errors import Unavailable
from doorward.observability.logging import Log
from doorward.outbox.claim import renew
from doorward.storage.contract import Database, Transaction

LOG = Log("delivery")
BEATS = 3
"""Renewals per lease: two may fail before it is lost."""


@asynccontextmanager
async def kept_lease(database: Database, clock: Clock, token: UUID, lease_s: float) -> AsyncIterator[None]:
    """Renews the lease `token` in the background until the block is left."""
    beating = asyncio.create_task(_beat(database, clock, token, lease_s))
    try:
        yield
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating


async def _beat(database: Database, clock: Clock, token: UUID, lease_s: float) -> None:
    async def work(tx: Transaction) -> int:
        now = clock.now()
        return await renew(tx, token, now + timedelta(seconds=lease_s), now)

    while True:
        await asyncio.sleep(lease_s / BEATS)
        try:
            if not await database.transaction(work):
                # Settled meanwhile, or lost: in both cases there is nothing left to keep.
                return
        except Unavailable as error:
            LOG.warning("lease_not_renewed", reason=str(error))
