"""Rescue: what a dead or sleeping worker had claimed goes back, as a try whose answer is unknown."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from doorward.clock import Clock
from doorward.delivery.admission import Actions
from doorward.delivery.backoff import next_try, tries_allowed
from doorward.delivery.settle import EXHAUSTED
from doorward.ids import new_row_id
from doorward.observability.logging import Log
from doorward.outbox.channels import DELIVERIES, SETTLED
from doorward.outbox.claim import take_expired
from doorward.outbox.model import Attempt, Delivery
from doorward.outbox.states import State, require
from doorward.outbox.store import insert_attempts, release_followers
from doorward.storage.contract import Database, Transaction
from doorward.storage.failpoints import failpoint

LOG = Log("delivery")
BATCH = 500
CODE = "lease_expired"
REASON = "The worker that had claimed this gave no answer in time; whether it was sent is unknown."
SOON = 2
"""So many lost tries are repeated at once; after that a row that kills its worker waits like any other failure."""

UPDATE = """
UPDATE deliveries SET state = :state, attempts = attempts + 1, may_have_applied = :true, not_before = :not_before,
  reason_code = :code, reason = :reason, lease_owner = NULL, lease_token = NULL, lease_until = NULL,
  settled_at = :settled_at, updated_at = :now
WHERE id = :id AND state = 'leased' AND lease_token = :token
"""


async def rescue(database: Database, actions: Actions, clock: Clock) -> int:
    """Takes back every lease that ran out; the number of rows. May run in several processes at once."""
    total = 0
    while count := await database.transaction(RescueBatch(actions, clock)):
        total += count
    if total:
        LOG.warning("leases_rescued", deliveries=total)
    return total


class RescueBatch:
    """The work on one batch of rows."""

    def __init__(self, actions: Actions, clock: Clock) -> None:
        self._actions = actions
        self._clock = clock

    async def __call__(self, tx: Transaction) -> int:
        now = self._clock.now()
        rows = await take_expired(tx, now, BATCH)
        if not rows:
            return 0
        changes = [self._change(row, now) for row in rows]
        await tx.execute_many(UPDATE, changes)
        failpoint("delivery.during_rescue")
        await insert_attempts(tx, [_lost(row, now) for row in rows])
        await self._release(tx, rows, changes, now)
        tx.wake(DELIVERIES)
        tx.wake(SETTLED)
        return len(rows)

    def _change(self, row: Delivery, now: datetime) -> dict[str, Any]:
        action = self._actions.find_action(row.action)
        number = row.attempts + 1
        state, not_before, code, reason = State.RETRYABLE, now, CODE, REASON
        if action is not None and number >= tries_allowed(action):
            state, code, reason = State.DEAD, EXHAUSTED, f"Given up after {number} tries. The last one: {REASON}"
        elif action is not None and number > SOON:
            not_before = next_try(action, number, now) or now
        require(State.LEASED, state)
        return {
            "id": row.id,
            "token": row.lease_token,
            "state": state,
            "true": True,
            "not_before": not_before,
            "code": code,
            "reason": reason,
            "settled_at": now if state is State.DEAD else None,
            "now": now,
        }

    async def _release(
        self, tx: Transaction, rows: Sequence[Delivery], changes: Sequence[dict[str, Any]], now: datetime
    ) -> None:
        for row, change in zip(rows, changes, strict=True):
            if change["state"] is State.DEAD:
                await release_followers(tx, row.destination, [row.identity_id], now)


def _lost(row: Delivery, now: datetime) -> Attempt:
    attempt = Attempt(
        id=new_row_id(),
        delivery_id=row.id,
        number=row.attempts + 1,
        started_at=row.updated_at,
        ended_at=now,
        outcome="lost",
        http_status=None,
        reason_code=CODE,
        reason=REASON,
        summary=None,
        trace_id=row.trace_id,
    )
    # A clock that was set back must not make a try end before it began.
    return replace(attempt, started_at=min(attempt.started_at, now))
