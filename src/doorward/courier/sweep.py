"""What becomes of old messages: expired ones are emptied, those that ended long ago go with all their rows."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from doorward.clock import Clock
from doorward.courier.destinations import FIRST
from doorward.storage.contract import Database, Transaction
from doorward.storage.types import read_uuid

AT_ONCE = 500
EXPIRED = """
UPDATE deliveries SET payload = :empty WHERE id IN (
  SELECT d.id FROM deliveries d JOIN courier_messages m ON m.id = d.id
  WHERE {here} AND d.state = 'dead' AND length(d.payload) > 0 AND m.useful_until <= :now
  LIMIT :limit)
"""
OLD = """
SELECT m.id FROM courier_messages m JOIN deliveries d ON d.id = m.id
WHERE m.created_at <= :before AND d.settled_at IS NOT NULL ORDER BY m.created_at LIMIT :limit
"""


async def sweep_messages(database: Database, clock: Clock, retention: timedelta) -> int:
    """Once; how many messages were deleted. In small transactions, so that others come in between.

    A message that was given up can be replayed until what is in it has expired, at most for `retention`.
    """
    now = clock.now()
    here = database.dialect.one_of("d.destination", "destinations")
    expired = EXPIRED.format(here=here)
    params: dict[str, Any] = {
        "now": now,
        "before": now - retention,
        "limit": AT_ONCE,
        "empty": b"",
        "destinations": list(FIRST),
    }

    async def shred(tx: Transaction) -> int:
        return await tx.execute(expired, params)

    async def delete(tx: Transaction) -> int:
        return await _delete(tx, params)

    while await database.transaction(shred):
        pass
    total = 0
    while gone := await database.transaction(delete):
        total += gone
    return total


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
