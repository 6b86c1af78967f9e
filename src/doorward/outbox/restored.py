"""After a restore: what was open when the backup was made may have been sent since by the database that was lost.

Whoever can look at the destination does so before it sends (`restored` is set); everything else is held for a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from doorward.outbox.channels import DELIVERIES
from doorward.outbox.model import Delivery
from doorward.outbox.states import OPEN, WAITING, State, require
from doorward.storage.contract import Transaction

RESTORED = "restored"
"""What a row waits for that only a person can release."""
REASON = (
    "The database was restored from a backup: this may have been sent after the backup was made. "
    "Ask the receiver whether it has the webhook-id msg_ and this delivery's id (hooks of flows: that id as "
    "Ory-Webhook-Trigger-Id), then discard or release the delivery."
)
IS_WAITING = "state IN ('pending', 'retryable', 'leased')"


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Open rows of a restored database: held for a person, and left to connectors that look before they send."""

    held: int
    looked_at: int


async def doubt_open(tx: Transaction, lookers: Sequence[str], now: datetime) -> Doubtful:
    """Marks every open row. `lookers` are the connectors that look whether a marked row has arrived already.

    Rows that wait for a verified address are doubtful as well: it may have been verified since. May be repeated.
    """
    looks = tx.dialect.one_of("connector", "lookers")
    params = {"lookers": list(lookers), "now": now}
    for state in WAITING:
        require(state, State.HELD)
    require(State.LEASED, State.PENDING)
    looked_at = await tx.execute(
        f"""
        UPDATE deliveries SET restored = TRUE, may_have_applied = TRUE,
          state = CASE WHEN state = 'leased' THEN 'pending' ELSE state END,
          lease_owner = NULL, lease_token = NULL, lease_until = NULL, updated_at = :now
        WHERE ({IS_WAITING} OR state = 'held') AND {looks}
        """,
        params,
    )
    held = await tx.execute(
        f"""
        UPDATE deliveries SET restored = TRUE, may_have_applied = TRUE, state = 'held', held_for = :fact,
          reason_code = :fact, reason = :reason,
          lease_owner = NULL, lease_token = NULL, lease_until = NULL, updated_at = :now
        WHERE ({IS_WAITING} OR state = 'held') AND NOT ({looks})
        """,
        {**params, "fact": RESTORED, "reason": REASON},
    )
    tx.wake(DELIVERIES)
    return Doubtful(held, looked_at)


async def release(tx: Transaction, delivery: Delivery, now: datetime) -> None:
    """A person knows that it did not arrive, or wants it sent once more: it goes, at its old place.

    Raises IllegalTransition.
    """
    require(delivery.state, State.PENDING)
    await tx.execute(
        """
        UPDATE deliveries SET state = 'pending', restored = FALSE, not_before = :now, waiting_since = :now,
          held_for = NULL, reason_code = NULL, reason = NULL, updated_at = :now
        WHERE id = :id AND state = 'held' AND held_for = :fact
        """,
        {"id": delivery.id, "fact": RESTORED, "now": now},
    )
    tx.wake(DELIVERIES)


def is_held_for_a_person(delivery: Delivery) -> bool:
    return delivery.state in OPEN and delivery.held_for == RESTORED
