"""One batch on its way out: budget, last look at lease and gate, send, settle."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from doorward.clock import Clock
from doorward.delivery.contract import Budget, Connector, Job, Outcome, Retry, Snooze, Withdrawer
from doorward.delivery.prepare import Preparer, Ready
from doorward.delivery.rest import RESTING, find_rest
from doorward.delivery.settings import DeliverySettings
from doorward.delivery.settle import Ruled, settle_batch
from doorward.delivery.telemetry import tell_lost, tell_settled
from doorward.errors import Unavailable
from doorward.observability.logging import Log
from doorward.observability.metrics import Metrics
from doorward.observability.tracing import delivery_span
from doorward.outbox.claim import list_still_leased
from doorward.storage.contract import Database, Transaction
from doorward.storage.failpoints import failpoint

LOG = Log("delivery")
AWAY = Snooze("database_away", "The database did not answer.", 1.0)
STOPPED = Snooze("stopped", "The dispatcher was stopped before this was sent.", 0.0)
CUT_OFF = Retry("stopped", "The dispatcher was stopped while this was sent; the answer is unknown.", None, None, True)
TOO_SLOW = Retry("send_limit", "No answer came in the time that a send may take.", None, None, True)
FAULT = Retry(
    "connector_fault", "The connector failed unexpectedly; the server's log has the details.", None, None, True
)
SETTLE_PAUSE_S = 0.5
LEASE_MARGIN = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Tools:
    """What sending needs. `sleep` and `spread` (a random share) are the two that tests replace."""

    database: Database
    preparer: Preparer
    budget: Budget
    clock: Clock
    metrics: Metrics
    settings: DeliverySettings
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    spread: Callable[[], float] = random.random


class BatchSender:
    """Sends the batches of one destination. Batches wait for the budget in turn."""

    def __init__(self, destination: str, connector: Connector, tools: Tools, stopping: asyncio.Event) -> None:
        self._destination = destination
        self._connector = connector
        self._tools = tools
        self._stopping = stopping
        self._turn = asyncio.Lock()
        self._places = asyncio.Semaphore(tools.settings.concurrency)

    async def run(self, batch: Sequence[Ready], on_sending: Callable[[], None]) -> int:
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
                ready, refused = await self._last_look(batch)
                written = await self.settle(refused)
            except asyncio.CancelledError:
                await self._give_back(batch, STOPPED)
                raise
            except Unavailable as error:
                return await self._give_back(batch, replace(AWAY, reason=str(error)))
            return written + (await self._send(ready) if ready else 0)

    async def _give_back(self, batch: Sequence[Ready], outcome: Outcome) -> int:
        now = self._tools.clock.now()
        return await self._settle_surely([_ruled(each, outcome, now, now, was_sent=False) for each in batch])

    async def _settle_surely(self, ruled: Sequence[Ruled]) -> int:
        """What is known gets written, even if this task is cancelled meanwhile."""
        writing = asyncio.create_task(self.settle(ruled))
        try:
            return await asyncio.shield(writing)
        except asyncio.CancelledError:
            await writing
            raise

    async def settle(self, ruled: Sequence[Ruled]) -> int:
        """Writes outcomes; tries again while the database is away, as long as the lease can last."""
        if not ruled:
            return 0
        tools = self._tools
        spread = tools.spread()

        async def work(tx: Transaction) -> list[Ruled]:
            return await settle_batch(tx, self._destination, ruled, spread, tools.settings.breaker)

        give_up = tools.clock.now() + timedelta(seconds=tools.settings.lease_s)
        while True:
            try:
                written = await tools.database.transaction(work)
                break
            except Unavailable as error:
                LOG.warning("settle_delayed", destination=self._destination, reason=str(error))
                if tools.clock.now() >= give_up:
                    raise
                await tools.sleep(SETTLE_PAUSE_S)
        tell_settled(tools.metrics, self._destination, written)
        tell_lost(self._destination, len(ruled) - len(written), tools.clock.now())
        return len(written)

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

    async def _last_look(self, batch: Sequence[Ready]) -> tuple[list[Ready], list[Ruled]]:
        """Leaves out what is not ours any more, what rests by now, and what may not be sent any more."""
        database, clock = self._tools.database, self._tools.clock
        token = batch[0].job.delivery.lease_token
        assert token is not None
        ids = [each.job.delivery.id for each in batch]
        held = await list_still_leased(database.reader, database.dialect, token, ids, clock.now() + LEASE_MARGIN)
        tell_lost(self._destination, len(ids) - len(held), clock.now())
        mine = [each for each in batch if each.job.delivery.id in held]
        now = clock.now()
        going, resting = (await find_rest(database.reader, self._destination, now)).split(mine)
        given_back = [_ruled(each, RESTING, now, now, was_sent=False) for each in resting]
        if not going:
            return [], given_back
        tells = isinstance(self._connector, Withdrawer)
        ready, refused = await self._tools.preparer.recheck(going, tells_withdrawals=tells)
        return ready, [*given_back, *refused]

    async def _send(self, ready: Sequence[Ready]) -> int:
        """Sends and settles; a cancellation meanwhile is an unknown answer."""
        clock = self._tools.clock
        started_at = clock.now()
        failpoint("delivery.before_send")
        try:
            outcomes = await self._outcomes([each.job for each in ready], is_withdrawal=ready[0].is_withdrawal)
        except asyncio.CancelledError:
            now = clock.now()
            await self._settle_surely([_ruled(each, CUT_OFF, started_at, now, was_sent=True) for each in ready])
            raise
        failpoint("delivery.after_send")
        now = clock.now()
        return await self._settle_surely(
            [_ruled(each, outcomes.get(each.job.delivery.id, FAULT), started_at, now, was_sent=True) for each in ready]
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


def _ruled(ready: Ready, outcome: Outcome, started_at: datetime, ended_at: datetime, *, was_sent: bool) -> Ruled:
    return Ruled(
        ready.job.delivery,
        ready.job.action,
        outcome,
        started_at,
        ended_at,
        was_sent=was_sent,
        template_version=ready.template_version,
        address_verified=ready.job.address_verified,
    )


def _budget_spent(wait_s: float) -> Outcome:
    if wait_s <= 0:
        return STOPPED
    return Snooze("budget", "The calls that the destination allows are spent for the moment.", wait_s)
