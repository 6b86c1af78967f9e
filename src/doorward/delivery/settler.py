"""Writes outcomes as they come in: sends that end while a commit is under way share the next one."""

import asyncio
from collections.abc import Hashable, Sequence
from datetime import timedelta

from doorward.delivery.gathering import Gathering
from doorward.delivery.settle import Ruled, settle_batches
from doorward.delivery.telemetry import tell_lost, tell_settled
from doorward.delivery.tools import ROWS_TOGETHER, Tools
from doorward.errors import Unavailable
from doorward.observability.logging import Log
from doorward.storage.contract import Transaction

LOG = Log("delivery")
SETTLE_PAUSE_S = 0.5

Batch = Sequence[Ruled]


class Settler:
    """The outcomes of one destination in this process."""

    def __init__(self, destination: str, batch_limit: int, tools: Tools) -> None:
        self._destination = destination
        self._tools = tools
        limit = max(1, ROWS_TOGETHER // batch_limit)
        self._gathering: Gathering[Batch, list[Ruled]] = Gathering(self._write, _ids, limit)

    async def settle(self, ruled: Batch) -> int:
        """The number of rows written; tries again while the database is away, as long as the lease can last."""
        if not ruled:
            return 0
        written = await self._gathering.ask(ruled)
        tell_settled(self._tools.metrics, self._destination, written)
        tell_lost(self._destination, len(ruled) - len(written), self._tools.clock.now())
        return len(written)

    async def settle_surely(self, ruled: Batch) -> int:
        """`settle`, whose end is awaited even if this task is cancelled meanwhile: what is known gets written."""
        writing = asyncio.create_task(self.settle(ruled))
        try:
            return await asyncio.shield(writing)
        except asyncio.CancelledError:
            await writing
            raise

    async def _write(self, batches: Sequence[Batch]) -> list[list[Ruled]]:
        tools = self._tools
        spread = tools.spread()

        async def work(tx: Transaction) -> list[list[Ruled]]:
            return await settle_batches(tx, self._destination, batches, spread, tools.settings.breaker)

        give_up = tools.clock.now() + timedelta(seconds=tools.settings.lease_s)
        while True:
            try:
                return await tools.database.transaction(work)
            except Unavailable as error:
                LOG.warning("settle_delayed", destination=self._destination, reason=str(error))
                if tools.clock.now() >= give_up:
                    raise
                await tools.sleep(SETTLE_PAUSE_S)


def _ids(batch: Batch) -> frozenset[Hashable]:
    """A row that was claimed again after its lease was lost may have two outcomes, of which one counts."""
    return frozenset(each.delivery.id for each in batch)
