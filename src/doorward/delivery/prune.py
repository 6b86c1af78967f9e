"""Retention: payloads of ended deliveries are shredded, later the rows go too, in batches that hold no lock for long.

A dead letter keeps its payload as long as its row: it may be mended and replayed.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from doorward.clock import Clock
from doorward.observability.logging import Log
from doorward.storage.contract import Database, Transaction

LOG = Log("delivery")
BATCH = 500
ROWS_KEPT = 12
"""Rows (without payload) are kept this many times as long as payloads: they explain what became of a person."""

SHRED = """
UPDATE deliveries SET payload = :empty WHERE id IN (
  SELECT id FROM deliveries{through}
  WHERE settled_at IS NOT NULL AND length(payload) > 0 AND settled_at <= :before
    AND state IN ('delivered', 'skipped', 'cancelled')
  LIMIT :limit)
"""
DELETE = """
DELETE FROM deliveries WHERE id IN (
  SELECT id FROM deliveries WHERE state IN ('delivered', 'skipped', 'cancelled') AND settled_at <= :before
    AND EXISTS (
      SELECT 1 FROM deliveries later
      WHERE later.identity_id = deliveries.identity_id AND later.action = deliveries.action
        AND later.position > deliveries.position)
  LIMIT :limit)
"""


async def shred(database: Database, clock: Clock, retention: timedelta) -> int:
    """Empties the payloads of what ended longer than `retention` ago; how many."""
    statement = SHRED.format(through=database.dialect.through("deliveries_shred"))
    return await _repeat(database, statement, "payloads_shredded", {"before": clock.now() - retention, "empty": b""})


async def delete_ended(database: Database, clock: Clock, retention: timedelta) -> int:
    """Deletes ended rows twelve times older than `retention`; how many. Looks at all ended rows: once a day.

    An identity's newest row per action stays: the accounting counts on it.
    """
    return await _repeat(database, DELETE, "deliveries_deleted", {"before": clock.now() - retention * ROWS_KEPT})


async def _repeat(database: Database, statement: str, event: str, params: Mapping[str, Any]) -> int:
    async def work(tx: Transaction) -> int:
        return await tx.execute(statement, {**params, "limit": BATCH})

    total = 0
    while count := await database.transaction(work):
        total += count
    if total:
        LOG.info(event, count=total)
    return total
