"""Releases what is held for a verified address, for the case that the event came while the row was being decided."""

from datetime import timedelta

from doorward.clock import Clock
from doorward.delivery.settle import ADDRESS_VERIFIED
from doorward.outbox.store import release_held
from doorward.storage.contract import Database, Transaction
from doorward.storage.types import read_uuid

OVERLAP = timedelta(minutes=5)
"""Clocks of two machines differ less than this."""
LIMIT = 200


async def release_verified(database: Database, clock: Clock) -> int:
    """The number of rows released. Only addresses verified since a row was held count: others change nothing."""
    rows = await database.reader.fetch_all(
        """
        SELECT DISTINCT d.identity_id FROM deliveries d JOIN verifiable_addresses a ON a.identity_id = d.identity_id
        WHERE d.state = 'held' AND d.held_for = :fact AND a.via = 'email' AND a.verified = :true
          AND a.verified_at > d.updated_at - :overlap
        LIMIT :limit
        """,
        {
            "fact": ADDRESS_VERIFIED,
            "true": True,
            "overlap": OVERLAP // timedelta(microseconds=1),
            "limit": LIMIT,
        },
    )
    identity_ids = [read_uuid(row["identity_id"]) for row in rows]
    if not identity_ids:
        return 0

    async def work(tx: Transaction) -> int:
        now = clock.now()
        return sum([await release_held(tx, identity_id, now, ADDRESS_VERIFIED) for identity_id in identity_ids])

    return await database.transaction(work)
