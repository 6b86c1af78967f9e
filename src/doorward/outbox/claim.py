"""Claiming: takes rows that may be sent now, under a lease. Also keeps leases and finds those that ran out.

Order is per identity and destination: only the first open row of a line may be claimed, and one row of a line at a
time is in flight (a unique index says so too, for two workers that look at the same moment).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from doorward.outbox.model import Delivery
from doorward.outbox.rows import COLUMNS, read_delivery
from doorward.storage.contract import Reader, Transaction
from doorward.storage.dialect import Dialect
from doorward.storage.types import read_uuid

CLAIMABLE = "state IN ('pending', 'retryable')"

STANDS_BEHIND = """
EXISTS (
  SELECT 1 FROM deliveries e
  WHERE e.identity_id = d.identity_id AND e.destination = d.destination
    AND e.state IN ('pending', 'leased', 'retryable', 'held')
    AND (e.state = 'leased' OR e.position < d.position OR (e.position = d.position AND e.id < d.id)))
"""

ACTION_PAUSED = """
EXISTS (
  SELECT 1 FROM action_pauses p
  WHERE p.action = d.action AND (p.paused_until IS NULL OR p.paused_until > :now))
"""

REST = timedelta(minutes=5)
"""How long a row is laid aside that cannot be claimed anyway; whatever frees it wakes it earlier."""

SOON = timedelta(seconds=30)
"""Rows behind one that is due before that are not worth laying aside."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who asks for rows, and under which proof. `token` is new for every claim."""

    owner: str
    token: UUID
    until: datetime


async def claim(tx: Transaction, destination: str, lease: Lease, now: datetime, limit: int) -> list[Delivery]:
    """At most `limit` rows of one destination, the longest due first, of as many different identities."""
    rows = await tx.fetch_all(
        f"""
        WITH chosen AS MATERIALIZED (
          SELECT d.id FROM deliveries d
          WHERE d.destination = :destination AND d.{CLAIMABLE} AND d.not_before <= :now
            AND NOT {STANDS_BEHIND} AND NOT {ACTION_PAUSED}
          ORDER BY d.not_before LIMIT :limit{tx.dialect.skip_locked})
        UPDATE deliveries
        SET state = 'leased', lease_owner = :owner, lease_token = :token, lease_until = :until, updated_at = :now
        WHERE id IN (SELECT id FROM chosen)
        RETURNING {COLUMNS}
        """,
        {
            "destination": destination,
            "now": now,
            "limit": limit,
            "owner": lease.owner,
            "token": lease.token,
            "until": lease.until,
        },
    )
    return sorted(map(read_delivery, rows), key=lambda each: (each.not_before, each.id))


async def renew(tx: Transaction, token: UUID, until: datetime, now: datetime) -> int:
    """Keeps what is still held under `token`; the number of rows. A lease that ran out stays lost."""
    return await tx.execute(
        """
        UPDATE deliveries SET lease_until = :until
        WHERE lease_token = :token AND state = 'leased' AND lease_until > :now
        """,
        {"token": token, "until": until, "now": now},
    )


async def list_still_leased(
    reader: Reader, dialect: Dialect, token: UUID, ids: Sequence[UUID], after: datetime
) -> frozenset[UUID]:
    """Those of `ids` whose lease under `token` lasts beyond `after`."""
    rows = await reader.fetch_all(
        f"""
        SELECT id FROM deliveries
        WHERE {dialect.one_of("id", "ids", "uuid")} AND lease_token = :token AND state = 'leased'
          AND lease_until > :after
        """,
        {"ids": list(ids), "token": token, "after": after},
    )
    return frozenset(read_uuid(row["id"]) for row in rows)


async def take_expired(tx: Transaction, now: datetime, limit: int) -> list[Delivery]:
    """Leases that ran out, locked for the caller, who decides what becomes of them."""
    rows = await tx.fetch_all(
        f"""
        SELECT {COLUMNS} FROM deliveries WHERE state = 'leased' AND lease_until <= :now
        ORDER BY lease_until LIMIT :limit{tx.dialect.skip_locked}
        """,
        {"now": now, "limit": limit},
    )
    return list(map(read_delivery, rows))


async def lay_aside(tx: Transaction, destination: str, now: datetime, limit: int) -> int:
    """Postpones due rows that cannot be claimed: behind one that rests, or of a paused action; the number of rows.

    Without this, every claim would step over them again. Rows behind one that is due or in flight stay: it may end
    at this very moment, and its end could not see that they were laid aside.
    """
    return await tx.execute(
        f"""
        WITH resting AS MATERIALIZED (
          SELECT d.id FROM deliveries d
          WHERE d.destination = :destination AND d.{CLAIMABLE} AND d.not_before <= :now AND (
            {ACTION_PAUSED} OR EXISTS (
              SELECT 1 FROM deliveries e
              WHERE e.identity_id = d.identity_id AND e.destination = d.destination
                AND e.state IN ('pending', 'leased', 'retryable', 'held')
                AND (e.position < d.position OR (e.position = d.position AND e.id < d.id))
                AND (e.state = 'held' OR (e.state IN ('pending', 'retryable') AND e.not_before > :soon))))
          LIMIT :limit{tx.dialect.skip_locked})
        UPDATE deliveries SET not_before = :later WHERE id IN (SELECT id FROM resting) AND {CLAIMABLE}
        """,
        {
            "destination": destination,
            "now": now,
            "soon": now + SOON,
            "later": now + REST,
            "limit": limit,
        },
    )


async def list_busy_destinations(reader: Reader, dialect: Dialect) -> list[str]:
    """Destinations that have rows to claim now or later: one index probe each, however long the queues are."""
    queue = dialect.through("deliveries_claim")
    rows = await reader.fetch_all(
        f"""
        WITH RECURSIVE found (destination) AS (
          SELECT MIN(destination) FROM deliveries{queue} WHERE {CLAIMABLE}
          UNION ALL
          SELECT (SELECT MIN(d.destination) FROM deliveries d{queue}
                  WHERE d.{CLAIMABLE} AND d.destination > found.destination)
          FROM found WHERE found.destination IS NOT NULL)
        SELECT destination FROM found WHERE destination IS NOT NULL
        """
    )
    return [row["destination"] for row in rows]


async def has_due(reader: Reader, destination: str, now: datetime) -> bool:
    """Whether looking closer is worth a transaction: something is due, though it may stand behind another row."""
    row = await reader.fetch_one(
        f"SELECT 1 AS one FROM deliveries WHERE destination = :destination AND {CLAIMABLE} AND not_before <= :now "
        "LIMIT 1",
        {"destination": destination, "now": now},
    )
    return row is not None


async def find_next_due(reader: Reader, destination: str, now: datetime) -> int | None:
    """When the next row becomes due, in microseconds since 1970; None when nothing is scheduled."""
    row = await reader.fetch_one(
        f"SELECT MIN(not_before) AS due FROM deliveries WHERE destination = :destination AND {CLAIMABLE} "
        "AND not_before > :now",
        {"destination": destination, "now": now},
    )
    return None if row is None else row["due"]
