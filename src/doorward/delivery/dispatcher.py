"""The dispatcher: looks which destinations have something due, keeps their lanes full, rescues, rests, drains."""

import asyncio
import os
import random
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from doorward.clock import Clock, from_micros
from doorward.delivery.admission import Actions, Admission, Gate
from doorward.delivery.contract import Budget, Connectors
from doorward.delivery.housekeeping import Housekeeping
from doorward.delivery.lane import Lane
from doorward.delivery.leader import Leadership
from doorward.delivery.prepare import Keys, Preparer
from doorward.delivery.rendering import Renderer, Sandbox, Templates
from doorward.delivery.settings import DeliverySettings
from doorward.delivery.tools import Tools
from doorward.delivery.wake import Alarm, ringing
from doorward.errors import Misconfigured, Unavailable
from doorward.observability.logging import Log
from doorward.observability.metrics import Metrics
from doorward.outbox.claim import find_next_due, list_busy_destinations
from doorward.storage.contract import Database

LOG = Log("delivery")
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Parts:
    """What `app.py` hands to the engine. Rows of the destinations in `first` are claimed before others', in order."""

    database: Database
    connectors: Connectors
    actions: Actions
    gate: Gate
    keys: Keys
    templates: Templates
    sandbox: Sandbox
    budget: Budget
    clock: Clock
    metrics: Metrics
    settings: DeliverySettings
    first: tuple[str, ...] = ()


class Dispatcher:
    """One per process. `run` works until `stop`; `run_once` does what is due now and comes back."""

    def __init__(
        self,
        parts: Parts,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self._parts = parts
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        admission = Admission(parts.actions, parts.gate)
        renderer = Renderer(parts.templates, parts.sandbox)
        preparer = Preparer(parts.database, admission, parts.keys, renderer, parts.clock)
        self._tools = Tools(
            parts.database, preparer, parts.budget, parts.clock, parts.metrics, parts.settings, sleep, spread
        )
        self._stopping = asyncio.Event()
        self._alarm = Alarm()
        self._lanes: dict[str, Lane] = {}
        self._housekeeping = Housekeeping(parts.database, parts.actions, parts.clock, parts.settings)
        self._leadership = Leadership(parts.database, parts.clock, self._owner, parts.settings.leadership_s)

    async def run(self) -> None:
        """Works until `stop` is called, then drains: sends in flight are given `drain_s` to end."""
        async with ringing(self._parts.database, self._alarm, self._parts.settings.poll_s):
            while not self._stopping.is_set():
                wait_s = await self._round()
                await self._alarm.wait(wait_s)
            await self._drain()

    async def run_once(self) -> int:
        """Rescues, then sends everything that is due, in as many rounds as it takes; the number of rows claimed."""
        await self._housekeeping.run(force=True)
        total = 0
        while claimed := await self._fill():
            total += claimed
            await self._settled()
        return total

    def stop(self) -> None:
        """Ends `run` after the drain. Safe to call from a signal handler of the loop."""
        self._stopping.set()
        self._alarm.ring()

    async def _round(self) -> float:
        """One look at everything; the seconds until the next one, if nothing rings earlier."""
        poll_s = self._parts.settings.poll_s
        try:
            if not await self._leadership.hold():
                return poll_s
            await self._housekeeping.run()
            await self._tidy()
            await self._fill()
            return await self._until_due()
        except (Unavailable, Misconfigured) as error:
            # Misconfigured: the file was damaged while it was open; somebody has to look, and no traceback says more.
            LOG.warning("database_away", reason=str(error))
        except Exception as error:  # noqa: BLE001 - a dispatcher that ends delivers nothing; the next round may work
            LOG.fault("dispatcher_fault", error)
        return max(poll_s, 1.0)

    async def _fill(self) -> int:
        claimed = 0
        database = self._parts.database
        busy = await list_busy_destinations(database.reader, database.dialect)
        for destination in in_order(busy, self._parts.first):
            lane = self._lane(destination)
            if lane is not None:
                claimed += await lane.fill()
        return claimed

    async def _tidy(self) -> None:
        for lane in self._lanes.values():
            await lane.tidy()

    def _lane(self, destination: str) -> Lane | None:
        lane = self._lanes.get(destination)
        if lane is not None:
            return lane
        connector = self._parts.connectors.find_connector(destination)
        if connector is None:
            return None
        lane = Lane(destination, connector, self._tools, self._owner, self._stopping, self._alarm.ring)
        self._lanes[destination] = lane
        return lane

    async def _until_due(self) -> float:
        """Seconds until the next scheduled row, at most the polling interval."""
        poll_s = self._parts.settings.poll_s
        now = self._parts.clock.now()
        for destination in self._lanes:
            due_us = await find_next_due(self._parts.database.reader, destination, now)
            if due_us is not None:
                poll_s = min(poll_s, max(0.0, (from_micros(due_us) - now).total_seconds()))
        return poll_s

    async def _settled(self) -> None:
        """Waits until everything under way has ended."""
        while tasks := [task for lane in self._lanes.values() for task in lane.tasks]:
            await asyncio.wait(tasks)

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(self._parts.settings.drain_s):
                await self._settled()
        except TimeoutError:
            tasks = [task for lane in self._lanes.values() for task in lane.tasks]
            LOG.warning("drain_cut_short", claims=len(tasks))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await self._leadership.release()
        except Unavailable as error:
            LOG.warning("database_away", reason=str(error))


def in_order(busy: Sequence[str], first: Sequence[str]) -> list[str]:
    """Those of `first` in its order, then the others."""
    return [*(each for each in first if each in busy), *(each for each in busy if each not in first)]
