"""The work of one destination: decides whether it may claim, claims, and brings every claim to its end.

Lanes know nothing of each other, so a destination that hangs holds back nobody else.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar
from uuid import uuid4

from doorward.delivery.batch import AWAY, STOPPED, BatchSender
from doorward.delivery.breaker import CLOSED, OPEN, begin_probe, end_probe, find_breaker
from doorward.delivery.contract import Connector, Outcome, Withdrawer
from doorward.delivery.heartbeat import Grip, kept_lease
from doorward.delivery.pauses import find_pause
from doorward.delivery.prepare import Ready
from doorward.delivery.settle import Ruled
from doorward.delivery.settler import Settler
from doorward.delivery.slots import Course, Slots
from doorward.delivery.tools import Tools
from doorward.errors import Unavailable
from doorward.observability.logging import Log
from doorward.outbox.claim import Lease, claim, has_due, lay_aside
from doorward.outbox.model import Delivery
from doorward.storage.contract import Transaction
from doorward.storage.errors import UniqueViolation
from doorward.storage.failpoints import failpoint

T = TypeVar("T")
LOG = Log("delivery")
ROWS_AT_ONCE = 32
"""Rows that one claim takes for connectors that send one by one: a claim costs a dozen statements and a commit.

What one worker has claimed of a slow target no other can send, so it is not more."""
ASIDE_AT_ONCE = 500


class Lane:
    """Bounded: at most `ahead` claims that are not being sent yet, and `concurrency` batches in flight."""

    def __init__(
        self,
        destination: str,
        connector: Connector,
        tools: Tools,
        owner: str,
        stopping: asyncio.Event,
        on_change: Callable[[], None],
    ) -> None:
        self.destination = destination
        self._connector = connector
        self._tools = tools
        self._owner = owner
        self._stopping = stopping
        self._on_change = on_change
        self._settler = Settler(destination, connector.batch_limit, tools)
        self._sender = BatchSender(destination, connector, tools, self._settler, stopping)
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = Slots()
        self._found_less = False

    @property
    def tasks(self) -> frozenset[asyncio.Task[None]]:
        """What is under way."""
        return frozenset(self._tasks)

    async def fill(self) -> int:
        """Claims as much as there is room for and starts it; the number of rows claimed."""
        claimed = 0
        while not self._stopping.is_set():
            rows = await self._claim()
            if not rows:
                break
            claimed += len(rows)
            self._start(rows)
        return claimed

    async def tidy(self) -> None:
        """Lays aside what every claim would have to step over."""
        if not self._found_less:
            return
        self._found_less = False

        async def work(tx: Transaction) -> int:
            return await lay_aside(tx, self.destination, self._tools.clock.now(), ASIDE_AT_ONCE)

        await self._tools.database.transaction(work)

    def _room(self) -> int:
        """How many rows may be claimed now. They are prepared while earlier ones are in flight."""
        if self._slots.ahead >= self._tools.settings.ahead:
            return 0
        size = self._connector.batch_limit
        return size * max(1, ROWS_AT_ONCE // size)

    async def _claim(self) -> list[Delivery]:
        room = self._room()
        reader, now = self._tools.database.reader, self._tools.clock.now()
        if room == 0 or not await has_due(reader, self.destination, now):
            return []
        if await find_pause(reader, "destination", self.destination, now) is not None:
            return []
        state = (await find_breaker(reader, self.destination)).state(now)
        if state == OPEN or (state != CLOSED and self._tasks):
            return []
        return await self._take(room, is_probe=state != CLOSED)

    async def _take(self, room: int, *, is_probe: bool) -> list[Delivery]:
        """The claim itself. A probe is one row, so that an outage costs the others no attempt."""
        tools = self._tools

        async def work(tx: Transaction) -> list[Delivery]:
            now = tools.clock.now()
            if is_probe and not await begin_probe(tx, self.destination, now, tools.settings.breaker):
                return []
            lease = Lease(self._owner, uuid4(), now + timedelta(seconds=tools.settings.lease_s))
            rows = await claim(tx, self.destination, lease, now, 1 if is_probe else room)
            if is_probe and not rows:
                await end_probe(tx, self.destination, now)
            return rows

        try:
            rows = await tools.database.transaction(work)
        except UniqueViolation:
            # Another worker took a row of the same line at the same moment; the next look sees that.
            return []
        failpoint("delivery.after_claim")
        self._found_less = len(rows) < room
        return rows

    def _start(self, rows: Sequence[Delivery]) -> None:
        course = Course(self._slots)
        task = asyncio.create_task(self._work(rows, course))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        # Either way its leases run out and its rows are rescued.
        if isinstance(error, Unavailable):
            LOG.warning("claim_given_up", destination=self.destination, reason=str(error))
        elif error is not None:
            LOG.fault("claim_failed", error, destination=self.destination)
        self._on_change()

    async def _work(self, rows: Sequence[Delivery], course: Course) -> None:
        """One claim from preparing to settling."""
        tools, token, until = self._tools, rows[0].lease_token, rows[0].lease_until
        assert token is not None
        assert until is not None
        try:
            async with kept_lease(tools.database, tools.clock, token, until, tools.settings.lease_s) as grip:
                batches = await self._prepared(rows)
                course.expect(len(batches))
                runs = [self._run(batch, grip, course) for batch in batches]
                results = await asyncio.gather(*runs, return_exceptions=True)
            for error in results:
                if isinstance(error, BaseException):
                    raise error
        finally:
            course.end()

    async def _run(self, batch: Sequence[Ready], grip: Grip, course: Course) -> None:
        def on_sending() -> None:
            ahead = self._slots.ahead
            course.began()
            if self._slots.ahead < ahead:
                self._on_change()

        await self._sender.run(batch, grip, on_sending)

    async def _prepared(self, rows: Sequence[Delivery]) -> list[list[Ready]]:
        """The batches to send; what was decided without sending is settled."""
        preparer = self._tools.preparer
        try:
            prepared = await preparer.prepare(rows, tells_withdrawals=isinstance(self._connector, Withdrawer))
            await self._settler.settle(prepared.decided)
        except asyncio.CancelledError:
            await asyncio.shield(self._settler.settle(self._returned(rows, STOPPED)))
            raise
        except Unavailable as error:
            await self._settler.settle(self._returned(rows, replace(AWAY, reason=str(error))))
            return []
        sent = [each for each in prepared.ready if not each.is_withdrawal]
        withdrawals = [each for each in prepared.ready if each.is_withdrawal]
        return [*self._split(sent), *self._split(withdrawals)]

    def _returned(self, rows: Sequence[Delivery], outcome: Outcome) -> list[Ruled]:
        now = self._tools.clock.now()
        return [Ruled(each, None, outcome, now, now) for each in rows]

    def _split(self, items: Sequence[T]) -> list[list[T]]:
        size = self._connector.batch_limit
        return [list(items[start : start + size]) for start in range(0, len(items), size)]
