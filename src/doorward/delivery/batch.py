"""One batch on its way out: budget, last look at lease and gate, send, settle."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from uuid import UUID

from doorward.delivery.contract import Connector, Job, Outcome, Retry, Snooze, Withdrawer
from doorward.delivery.heartbeat import Grip
from doorward.delivery.last_look import LastLook, ruled
from doorward.delivery.prepare import Ready
from doorward.delivery.settler import Settler
from doorward.delivery.tools import Tools
from doorward.errors import Unavailable
from doorward.observability.logging import Log
from doorward.observability.tracing import delivery_span
from doorward.storage.failpoints import failpoint

LOG = Log("delivery")
AWAY = Snooze("database_away", "The database did not answer.", 1.0)
STOPPED = Snooze("stopped", "The dispatcher was stopped before this was sent.", 0.0)
CUT_OFF = Retry("stopped", "The dispatcher was stopped while this was sent; the answer is unknown.", None, None, True)
TOO_SLOW = Retry("send_limit", "No answer came in the time that a send may take.", None, None, True)
FAULT = Retry(
    "connector_fault", "The connector failed unexpectedly; the server's log has the details.", None, None, True
)


class BatchSender:
    """Sends the batches of one destination. Batches wait for the budget in turn."""

    def __init__(
        self, destination: str, connector: Connector, tools: Tools, settler: Settler, stopping: asyncio.Event
    ) -> None:
        self._destination = destination
        self._connector = connector
        self._tools = tools
        self._settler = settler
        self._look = LastLook(destination, connector, tools)
        self._stopping = stopping
        self._turn = asyncio.Lock()
        self._places = asyncio.Semaphore(tools.settings.concurrency)

    async def run(self, batch: Sequence[Ready], grip: Grip, on_sending: Callable[[], None]) -> int:
        """Brings a batch to its end; the number of deliveries written. `on_sending` is called once it has its turn.

        Stopped or without a database before the send, its rows go back and have lost nothing. Stopped during the
        send, they count as a try whose answer is unknown.
        """
        async with AsyncExitStack() as held:
            try:
                await held.enter_async_context(self._places)
                wait_s = 0.0 if self._stopping.is_set() else await self._take_budget()
                on_sending()
                if wait_s > 0 or self._stopping.is_set():
                    return await self._give_back(batch, _budget_spent(wait_s))
                seen = await self._look.look(batch)
                written = await self._settler.settle(seen.refused)
            except asyncio.CancelledError:
                await self._give_back(batch, STOPPED)
                raise
            except Unavailable as error:
                return await self._give_back(batch, replace(AWAY, reason=str(error)))
            return written + (await self._send(seen.ready, grip) if seen.ready else 0)

    async def _give_back(self, batch: Sequence[Ready], outcome: Outcome) -> int:
        now = self._tools.clock.now()
        return await self._settler.settle_surely([ruled(each, outcome, now, now, was_sent=False) for each in batch])

    async def _take_budget(self) -> float:
        """0.0 when the call may go out; else the seconds after which it is worth asking again."""
        tools = self._tools
        waited = 0.0
        async with self._turn:
            while (wait_s := await tools.budget.take(self._destination)) > 0:
                if self._stopping.is_set() or waited + wait_s > tools.settings.budget_wait_s:
                    return wait_s
                await self._rest(wait_s)
                waited += wait_s
        tools.metrics.budget_wait_seconds.labels(self._destination).observe(waited)
        return 0.0

    async def _rest(self, seconds: float) -> None:
        """Sleeps, unless the dispatcher stops meanwhile: a shutdown does not wait for a budget."""
        waits = [asyncio.ensure_future(self._tools.sleep(seconds)), asyncio.ensure_future(self._stopping.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _send(self, ready: Sequence[Ready], grip: Grip) -> int:
        """Sends and settles; a cancellation meanwhile is an unknown answer."""
        clock = self._tools.clock
        started_at = clock.now()
        failpoint("delivery.before_send")
        jobs = [replace(each.job, is_held=grip.is_firm) for each in ready]
        try:
            outcomes = await self._outcomes(jobs, is_withdrawal=ready[0].is_withdrawal)
        except asyncio.CancelledError:
            now = clock.now()
            await self._settler.settle_surely([ruled(each, CUT_OFF, started_at, now, was_sent=True) for each in ready])
            raise
        failpoint("delivery.after_send")
        now = clock.now()
        return await self._settler.settle_surely(
            [ruled(each, outcomes.get(each.job.delivery.id, FAULT), started_at, now, was_sent=True) for each in ready]
        )

    async def _outcomes(self, jobs: Sequence[Job], *, is_withdrawal: bool) -> Mapping[UUID, Outcome]:
        connector = self._connector
        send = connector.send_withdrawals if is_withdrawal and isinstance(connector, Withdrawer) else connector.send
        try:
            traces = [job.delivery.trace_id for job in jobs]
            with delivery_span(self._destination, traces):
                async with asyncio.timeout(self._tools.settings.send_limit_s):
                    return await send(jobs)
        except TimeoutError:
            return dict.fromkeys((job.delivery.id for job in jobs), TOO_SLOW)
        except Unavailable as error:
            LOG.warning("connector_unavailable", destination=self._destination, reason=str(error))
            away = Retry(error.code(), str(error), error.retry_after_s, None, may_have_applied=True)
            return dict.fromkeys((job.delivery.id for job in jobs), away)
        except Exception as error:  # noqa: BLE001 - a fault of a connector must not stop the deliveries of others
            LOG.fault("connector_fault", error, destination=self._destination)
            return dict.fromkeys((job.delivery.id for job in jobs), FAULT)


def _budget_spent(wait_s: float) -> Outcome:
    if wait_s <= 0:
        return STOPPED
    return Snooze("budget", "The calls that the destination allows are spent for the moment.", wait_s)
