"""Rows from a time that is no more: the clock was wrong, somebody has set it back, and they wait for its return.

Without this a sign-up made while the clock was a day ahead would wait for a day. What a row had left to wait is kept.
"""

from datetime import datetime, timedelta

from doorward.outbox.channels import DELIVERIES
from doorward.outbox.claim import CLAIMABLE
from doorward.storage.contract import Reader, Transaction

SKEW = timedelta(minutes=5)
"""Clocks of two machines differ less than this; what lies farther ahead was written by a wrong one."""
AT_ONCE = 500


async def has_rows_ahead(reader: Reader, now: datetime) -> bool:
    """Whether a waiting row was last changed in what is the future now. Looks at what is due later than SKEW."""
    row = await reader.fetch_one(
        f"SELECT 1 AS one FROM deliveries WHERE {CLAIMABLE} AND not_before > :ahead AND updated_at > :ahead LIMIT 1",
        {"ahead": now + SKEW},
    )
    return row is not None


async def bring_back(tx: Transaction, now: datetime) -> int:
    """Lets at most AT_ONCE waiting rows wait from now on for as long as they were told to; the number of rows."""
    rows = await tx.fetch_all(
        f"""
        UPDATE deliveries
        SET not_before = CASE WHEN not_before > updated_at THEN not_before - updated_at + :now ELSE :now END,
          waiting_since = CASE WHEN waiting_since > :now THEN :now ELSE waiting_since END, updated_at = :now
        WHERE id IN (
          SELECT id FROM deliveries WHERE {CLAIMABLE} AND not_before > :ahead AND updated_at > :ahead
          LIMIT {AT_ONCE}{tx.dialect.skip_locked})
        RETURNING id
        """,
        {"now": now, "ahead": now + SKEW},
    )
    if rows:
        tx.wake(DELIVERIES)
    return len(rows)


async def shorten_leases(tx: Transaction, now: datetime, lease: timedelta) -> int:
    """Leases end at the latest when one taken now would: a live holder renews it, a dead one's is rescued."""
    return await tx.execute(
        "UPDATE deliveries SET lease_until = :until WHERE state = 'leased' AND lease_until > :ahead",
        {"until": now + lease, "ahead": now + lease + SKEW},
    )
