"""The calls a destination allows, counted in the database so that all workers together stay below the plan.

A sliding window: the times of the calls of the last interval lie in one row. At ten calls a second that is cheap, and
unlike a bucket it never lets two windows' worth of calls through within one window.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from doorward.clock import Clock, micros
from doorward.storage.contract import Database, Transaction
from doorward.storage.types import read_json

SECOND_US = 1_000_000
LATE_US = SECOND_US // 2
"""How late an answer usually is. Calls are remembered that much longer: it counts some that left the window since."""

UNLIMITED_FOR = timedelta(milliseconds=200)
"""How long it may take until a limit that another process was the first to learn holds here, too."""


def recent(calls: Sequence[int], now_us: int, interval_us: int) -> list[int]:
    """The calls that still count, oldest first. One from the future (a clock was set back) counts as made now."""
    return sorted(min(call, now_us) for call in calls if call > now_us - interval_us)


def wait_us(calls: Sequence[int], limit: int, wanted: int, now_us: int, interval_us: int) -> int:
    """Microseconds until `wanted` more calls fit beside `calls` (recent, oldest first); 0 when they fit now.

    More calls than the limit are let through when nothing else is in the window.
    """
    surplus = len(calls) + min(wanted, limit) - limit
    return 0 if surplus <= 0 else max(1, calls[surplus - 1] + interval_us - now_us)


class SharedBudget:
    """The Budget of `delivery.contract`. A destination that nobody told a limit of has none."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._unlimited: dict[str, datetime] = {}

    async def take(self, destination: str, calls: int = 1) -> float:
        """0.0 when the calls are taken, else the seconds after which to ask again."""
        if await self._is_unlimited(destination):
            return 0.0

        async def work(tx: Transaction) -> float:
            return await self._take(tx, destination, calls)

        # Calls matter for seconds; after a power cut they are past.
        return await self._database.transaction(work, is_durable=False)

    async def learn(self, destination: str, *, limit: int, interval_s: float, remaining: int | None = None) -> None:
        """Sets the window. Fewer `remaining` calls than we know of: others spend too, and theirs are counted as now."""

        async def work(tx: Transaction) -> None:
            now = self._clock.now()
            now_us, interval_us = micros(now), int(interval_s * SECOND_US)
            row = await tx.fetch_one(
                f"SELECT calls FROM budgets WHERE destination = :destination{tx.dialect.for_update}",
                {"destination": destination},
            )
            calls = [] if row is None else recent(read_json(row["calls"]), now_us, interval_us + LATE_US)
            if remaining is not None:
                calls += [now_us] * min(limit, limit - remaining - len(calls))
            await tx.execute(
                """
                INSERT INTO budgets (destination, limit_calls, interval_us, calls, learned, updated_at)
                VALUES (:destination, :limit_calls, :interval_us, :calls, :learned, :now)
                ON CONFLICT (destination) DO UPDATE SET limit_calls = :limit_calls, interval_us = :interval_us,
                  calls = :calls, learned = (budgets.learned OR :learned), updated_at = :now
                """,
                {
                    "destination": destination,
                    "limit_calls": max(1, limit),
                    "interval_us": interval_us,
                    "calls": calls,
                    "learned": remaining is not None,
                    "now": now,
                },
            )

        await self._database.transaction(work)
        self._unlimited.pop(destination, None)

    async def _is_unlimited(self, destination: str) -> bool:
        """Read anew once in UNLIMITED_FOR: a destination that answers at once would cost a read per call."""
        now, seen_at = self._clock.now(), self._unlimited.get(destination)
        if seen_at is not None and seen_at <= now < seen_at + UNLIMITED_FOR:
            return True
        known = await self._database.reader.fetch_one(
            "SELECT 1 AS one FROM budgets WHERE destination = :destination", {"destination": destination}
        )
        if known is None:
            self._unlimited[destination] = now
        return known is None

    async def _take(self, tx: Transaction, destination: str, wanted: int) -> float:
        row = await tx.fetch_one(
            f"SELECT limit_calls, interval_us, calls FROM budgets WHERE destination = :destination"
            f"{tx.dialect.for_update}",
            {"destination": destination},
        )
        if row is None:
            return 0.0
        # Only after the row is locked: a time taken before could be older than the last call in it.
        now = self._clock.now()
        now_us = micros(now)
        remembered = recent(read_json(row["calls"]), now_us, row["interval_us"] + LATE_US)
        calls = recent(remembered, now_us, row["interval_us"])
        wait = wait_us(calls, row["limit_calls"], wanted, now_us, row["interval_us"])
        if wait > 0:
            return timedelta(microseconds=wait) / timedelta(seconds=1)
        await tx.execute(
            "UPDATE budgets SET calls = :calls, updated_at = :now WHERE destination = :destination",
            {"calls": [*remembered, *[now_us] * wanted], "now": now, "destination": destination},
        )
        return 0.0
