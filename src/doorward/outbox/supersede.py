"""Takes back what a deletion has made pointless: earlier rows of the person that have not been sent."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from doorward.storage.contract import Transaction

CODE = "superseded"
REASON = "The person was deleted before this was sent; the removal stands in its place."


async def cancel_superseded(
    tx: Transaction, identity_id: UUID, destinations: Sequence[str], seq: int, now: datetime
) -> int:
    """Cancels waiting and held rows before `seq`; how many. One that is being sent stays, and the removal follows it.

    Only for destinations that keep a state of the person (a CRM): a receiver of events wants to hear each of them.
    """
    if not destinations:
        return 0
    return await tx.execute(
        f"""
        UPDATE deliveries SET state = 'cancelled', held_for = NULL, reason_code = :code, reason = :reason,
          settled_at = :now, updated_at = :now
        WHERE identity_id = :identity_id AND {tx.dialect.one_of("destination", "destinations")}
          AND seq < :seq AND state IN ('pending', 'retryable', 'held')
        """,
        {
            "code": CODE,
            "reason": REASON,
            "now": now,
            "identity_id": identity_id,
            "destinations": list(destinations),
            "seq": seq,
        },
    )
