"""What becomes of old messages: expired ones are emptied, those that ended long ago go with all their rows."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from doorward.clock import Clock
from doorward.storage.contract import Database, Transaction
from doorward.storage.types import read_uuid

AT_ONCE = 500
CODE = "message_expired"
REASON = "What is in the message expired before it could be sent."
EXPIRED = """
SELECT m.id FROM courier_messages m JOIN deliveries d ON d.id = m.id
WHERE m.useful_until <= :now AND d.state NOT IN ('pending', 'leased', 'retryable')
ORDER BY m.useful_until LIMIT :limit
"""
OLD = """
SELECT m.id FROM courier_messages m JOIN deliveries d ON d.id = m.id
WHERE m.created_at <= :before AND d.settled_at IS NOT NULL ORDER BY m.created_at LIMIT :limit
"""


async def sweep_messages(database: Database, clock: Clock, retention: timedelta) -> int:
    """Once; how many messages were deleted. In small transactions, so that others come in between.

    A message that was given up can be sent again until what is in it has expired, at most for `retention`.
    """
    now = clock.now()
    params: dict[str, Any] = {"now": now, "before": now - retention, "limit": AT_ONCE}

    async def empty(tx: Transaction) -> int:
        return await _empty(tx, params)

    async def delete(tx: Transaction) -> int:
        return await _delete(tx, params)

    while await database.transaction(empty):
        pass
    total = 0
    while gone := await database.transaction(delete):
        total += gone
    return total


async def _empty(tx: Transaction, params: Mapping[str, Any]) -> int:
    """One batch of expired messages that ended, or that only a person could let go; each is looked at once."""
    rows = await tx.fetch_all(EXPIRED, params)
    if not rows:
        return 0
    chosen = {"ids": [read_uuid(row["id"]) for row in rows], "empty": b"", "now": params["now"]}
    mine = tx.dialect.one_of("id", "ids", "uuid")
    await tx.execute(f"UPDATE deliveries SET payload = :empty WHERE {mine}", chosen)
    await tx.execute(
        f"""
        UPDATE deliveries SET state = 'cancelled', held_for = NULL, reason_code = :code, reason = :reason,
          settled_at = :now, updated_at = :now
        WHERE {mine} AND state = 'held'
        """,
        {**chosen, "code": CODE, "reason": REASON},
    )
    await tx.execute(f"UPDATE courier_messages SET useful_until = NULL WHERE {mine}", chosen)
    return len(rows)


async def _delete(tx: Transaction, params: Mapping[str, Any]) -> int:
    """Messages, deliveries, attempts, events and keys of one batch: a message's id is also its line's and its key's."""
    rows = await tx.fetch_all(OLD, params)
    chosen = {"ids": [read_uuid(row["id"]) for row in rows]}
    if not rows:
        return 0
    for table, column in (
        ("courier_mailbox", "message_id"),
        ("courier_messages", "id"),
        ("deliveries", "id"),
        ("events", "identity_id"),
        ("identity_keys", "identity_id"),
    ):
        await tx.execute(f"DELETE FROM {table} WHERE {tx.dialect.one_of(column, 'ids', 'uuid')}", chosen)
    return len(rows)
