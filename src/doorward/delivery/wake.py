"""What ends the dispatcher's rest: a wake from the database, an end of a batch, or time. Polling alone is correct."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from doorward.outbox.channels import DELIVERIES
from doorward.storage.contract import Database, Subscription


class Alarm:
    """Rings once for any number of causes."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._event.set()

    async def wait(self, timeout_s: float) -> None:
        """Returns when it rings, at once if it has rung since the last wait, or after `timeout_s`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        self._event.clear()


@asynccontextmanager
async def ringing(database: Database, alarm: Alarm, poll_s: float) -> AsyncIterator[None]:
    """Rings `alarm` at every wake of the deliveries' channel while the block runs."""
    subscription = database.subscribe(DELIVERIES)
    listening = asyncio.create_task(_listen(subscription, alarm, poll_s))
    try:
        yield
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        subscription.close()


async def _listen(subscription: Subscription, alarm: Alarm, poll_s: float) -> None:
    while True:
        if await subscription.wait(max(poll_s, 1.0)):
            alarm.ring()
