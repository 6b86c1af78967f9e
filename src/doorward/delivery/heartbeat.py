"""Keeps a claim's lease while its rows are worked on, so that a slow send is not taken for a dead worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from doorward.clock import Clock
from doorward.errors import Unavailable
from doorward.observability.logging import Log
from doorward.outbox.claim import renew
from doorward.storage.contract import Database, Transaction

LOG = Log("delivery")
BEATS = 3
"""Renewals per lease: two may fail before it is lost."""


@dataclass(slots=True)
class Grip:
    """How long a lease surely lasts, as far as this process knows: until the end that was last committed."""

    clock: Clock
    until: datetime

    def is_firm(self) -> bool:
        """False for a process that slept over the end of its lease: another may have sent the rows since."""
        return self.clock.now() < self.until


@asynccontextmanager
async def kept_lease(
    database: Database, clock: Clock, token: UUID, until: datetime, lease_s: float
) -> AsyncIterator[Grip]:
    """Renews the lease `token`, which ends at `until`, in the background until the block is left."""
    grip = Grip(clock, until)
    beating = asyncio.create_task(_beat(database, grip, token, lease_s))
    try:
        yield grip
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating


async def _beat(database: Database, grip: Grip, token: UUID, lease_s: float) -> None:
    async def work(tx: Transaction) -> datetime | None:
        now = grip.clock.now()
        until = now + timedelta(seconds=lease_s)
        return until if await renew(tx, token, until, now) else None

    while True:
        await asyncio.sleep(lease_s / BEATS)
        try:
            until = await database.transaction(work)
        except Unavailable as error:
            LOG.warning("lease_not_renewed", reason=str(error))
            continue
        if until is None:
            # Settled meanwhile, or lost: in both cases there is nothing left to keep.
            return
        grip.until = until
