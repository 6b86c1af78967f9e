"""Waiting, within a request, for the first attempts of deliveries: a wake shortens it, polling makes it certain."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from doorward.clock import Clock
from doorward.outbox.channels import DELIVERIES, SETTLED
from doorward.outbox.states import State
from doorward.outbox.store import bring_forward
from doorward.storage.contract import Database, Row, Transaction
from doorward.storage.types import read_time, read_uuid

FIRST_ATTEMPTS = 3
"""As many as Kratos makes while the person waits: at once, after one second, after two more."""
POLL_S = 0.25


@dataclass(frozen=True, slots=True)
class Settlement:
    """How far a delivery has come."""

    state: State
    reason: str | None = None
    code: str | None = None


class SettledWaiter:
    """Reads the rows again and again until each is decided."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def wait(self, delivery_ids: Sequence[UUID], cap_s: float) -> Mapping[UUID, Settlement]:
        """Where each delivery stands once all are decided, or after `cap_s` seconds.

        Decided: it ended, is held, has had its first attempts, or will not be tried before the time is over (its action
        or destination is paused, or known to be away). Deliveries that do not exist are absent.
        """
        deadline = self._clock.now() + timedelta(seconds=cap_s)
        # A clock that is set back meanwhile must not keep a person's request waiting for hours.
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + cap_s
        subscription = self._database.subscribe(SETTLED)
        try:
            while True:
                rows = await self._read(delivery_ids)
                left_s = min((deadline - self._clock.now()).total_seconds(), ends_at - loop.time())
                if left_s <= 0 or all(_is_decided(row, deadline) for row in rows):
                    return {read_uuid(row["id"]): _settlement(row) for row in rows}
                await subscription.wait(min(POLL_S, left_s))
        finally:
            subscription.close()

    async def release(self, delivery_ids: Sequence[UUID]) -> None:
        """It is the turn of these: they are sent at once, instead of when nobody may be waiting any more."""
        if not delivery_ids:
            return
        now = self._clock.now()

        async def write(tx: Transaction) -> None:
            await bring_forward(tx, delivery_ids, now)
            tx.wake(DELIVERIES)

        # Losing this only means that they are sent a little later.
        await self._database.transaction(write, is_durable=False)

    async def _read(self, delivery_ids: Sequence[UUID]) -> list[Row]:
        return await self._database.reader.fetch_all(
            f"""
            SELECT d.id, d.state, d.reason, d.reason_code, d.attempts, d.not_before,
              CASE WHEN t.paused_code IS NOT NULL AND (t.paused_until IS NULL OR t.paused_until > :now)
                   OR t.breaker_open_until > :now THEN 1 ELSE 0 END AS is_away,
              (SELECT p.code FROM action_pauses p
               WHERE p.action = d.action AND (p.paused_until IS NULL OR p.paused_until > :now)) AS pause_code
            FROM deliveries d LEFT JOIN destinations t ON t.name = d.destination
            WHERE {self._database.dialect.one_of("d.id", "ids", "uuid")}
            """,
            {"ids": list(delivery_ids), "now": self._clock.now()},
        )


def _settlement(row: Row) -> Settlement:
    return Settlement(State(row["state"]), row["reason"], row["reason_code"] or row["pause_code"])


def _is_decided(row: Row, deadline: datetime) -> bool:
    state = State(row["state"])
    if state is State.LEASED:
        return False
    if state not in {State.PENDING, State.RETRYABLE}:
        return True
    rests = bool(row["is_away"]) or row["pause_code"] is not None
    return rests or row["attempts"] >= FIRST_ATTEMPTS or read_time(row["not_before"]) > deadline
