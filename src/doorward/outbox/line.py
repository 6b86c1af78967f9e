"""Acts on single rows by a person's wish: send again, give up. They keep the order of the identity's line."""

from datetime import datetime
from uuid import UUID

from doorward.outbox.channels import DELIVERIES, SETTLED
from doorward.outbox.model import Delivery
from doorward.outbox.rows import LISTED, read_delivery
from doorward.outbox.states import ENDED, State, require
from doorward.outbox.store import release_followers
from doorward.storage.contract import Reader, Transaction


async def find_for_update(tx: Transaction, delivery_id: UUID) -> Delivery | None:
    """One row, locked until the transaction ends. Its payload is only said to be there (`b"?"`) or gone (`b""`)."""
    row = await tx.fetch_one(
        f"SELECT {LISTED}, CASE WHEN length(payload) > 0 THEN 1 ELSE 0 END AS has_payload FROM deliveries "
        f"WHERE id = :id{tx.dialect.for_update}",
        {"id": delivery_id},
    )
    if row is None:
        return None
    return read_delivery({**row, "payload": b"?" if row["has_payload"] else b""})


async def has_newer_delivered(reader: Reader, delivery: Delivery) -> bool:
    """Whether a later event of the same identity has been delivered by the same action."""
    row = await reader.fetch_one(
        """
        SELECT 1 AS one FROM deliveries
        WHERE identity_id = :identity_id AND action = :action AND destination = :destination AND seq > :seq
          AND state = 'delivered' LIMIT 1
        """,
        {
            "identity_id": delivery.identity_id,
            "action": delivery.action,
            "destination": delivery.destination,
            "seq": delivery.seq,
        },
    )
    return row is not None


async def send_again(tx: Transaction, delivery: Delivery, now: datetime) -> None:
    """Back to pending, behind everything that the identity already has for this destination.

    Tries count from one again; that an earlier answer was lost is remembered. Raises IllegalTransition.
    """
    require(delivery.state, State.PENDING)
    await tx.execute(
        """
        UPDATE deliveries SET state = 'pending', not_before = :now, waiting_since = :now, attempts = 0, snoozes = 0,
          replays = replays + 1, held_for = NULL, reason_code = NULL, reason = NULL, settled_at = NULL,
          restored = FALSE, updated_at = :now, position = 1 + (
            SELECT MAX(other.position) FROM deliveries other
            WHERE other.identity_id = :identity_id AND other.destination = :destination)
        WHERE id = :id AND state = :state
        """,
        {
            "now": now,
            "identity_id": delivery.identity_id,
            "destination": delivery.destination,
            "id": delivery.id,
            "state": delivery.state,
        },
    )
    tx.wake(DELIVERIES)


async def give_up(tx: Transaction, delivery: Delivery, code: str, reason: str, now: datetime) -> None:
    """Cancelled for good; what stood behind it may go. Raises IllegalTransition for one that ended well or is sent."""
    require(delivery.state, State.CANCELLED)
    await tx.execute(
        """
        UPDATE deliveries SET state = 'cancelled', held_for = NULL, reason_code = :code, reason = :reason,
          settled_at = :now, updated_at = :now, lease_owner = NULL, lease_token = NULL, lease_until = NULL
        WHERE id = :id AND state = :state
        """,
        {"now": now, "code": code, "reason": reason, "id": delivery.id, "state": delivery.state},
    )
    if delivery.state not in ENDED:
        await release_followers(tx, delivery.destination, [delivery.identity_id], now)
    tx.wake(DELIVERIES)
    tx.wake(SETTLED)
