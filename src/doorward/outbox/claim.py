"""Claiming: takes rows that may be sent now, under a lease. Also keeps leases and finds those that ran out.

Order is per identity and destination: only the first open row of a line may be claimed, and one row of a line at a
time is in flight (a unique index says so too, for two workers that look at the same moment).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from doorward.outbox.model import Delivery
from doorward.outbox.rows import COLUMNS, read_delivery
from doorward.storage.contract import Reader, Transaction
from doorward.storage.dialect import Dialect
from doorward.storage.types import read_uuid

CLAIMABLE = "state IN ('pending', 'retryable')"

# For PostgreSQL, whose statistics lag behind a queue: as a scalar subquery it is asked row by row (EXISTS becomes a
# join over the whole queue), and with an expression in place of the column only the index by identity fits.
IS_FIRST = """
(SELECT 1 FROM deliveries e
  WHERE e.identity_id = d.identity_id AND (e.destination || '') = d.destination
    AND e.state IN ('pending', 'leased', 'retryable', 'held')
    AND (e.state = 'leased' OR e.position < d.position OR (e.position = d.position AND e.id < d.id))
  LIMIT 1) IS NULL
"""

ACTION_PAUSED = """
EXISTS (
  SELECT 1 FROM action_pauses p
  WHERE p.action = d.action AND (p.paused_until IS NULL OR p.paused_until > :now))
"""

ALL = 1 << 40
"""A window that holds every queue."""

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
    """At most `limit` rows of one destination, the longest due first, of as many different identities.

    Looks at a window of due rows, and at wider ones while too many of those stand behind others.
    """
    found: list[Delivery] = []
    for window in (4 * limit + 100, 64 * limit + 1000, ALL):
        rows, is_all = await _claim_within(tx, destination, lease, now, limit - len(found), window)
        found += rows
        if is_all or len(found) >= limit:
            break
    return sorted(found, key=lambda each: (each.not_before, each.id))


async def _claim_within(
    tx: Transaction, destination: str, lease: Lease, now: datetime, limit: int, window: int
) -> tuple[list[Delivery], bool]:
    """The rows claimed among the first `window` due ones, and whether that were all."""
    params = {
        "destination": destination,
        "now": now,
        "limit": limit,
        "window": window,
        "owner": lease.owner,
        "token": lease.token,
        "until": lease.until,
    }
    rows = await tx.fetch_all(
        f"""
        WITH due AS MATERIALIZED (
          SELECT id, identity_id, destination, action, position, not_before
          FROM deliveries{tx.dialect.through("deliveries_claim")}
          WHERE destination = :destination AND {CLAIMABLE} AND not_before <= :now
          ORDER BY not_before LIMIT :window{tx.dialect.skip_locked}),
        chosen AS MATERIALIZED (
          SELECT d.id FROM due d WHERE {IS_FIRST} AND NOT {ACTION_PAUSED} ORDER BY d.not_before, d.id LIMIT :limit)
        UPDATE deliveries
        SET state = 'leased', lease_owner = :owner, lease_token = :token, lease_until = :until, updated_at = :now
        WHERE id IN (SELECT id FROM chosen)
        RETURNING {COLUMNS}, (SELECT COUNT(*) FROM due) AS looked_at
        """,
        params,
    )
    if rows:
        return list(map(read_delivery, rows)), rows[0]["looked_at"] < window
    counted = await tx.fetch_one(
        f"""
        SELECT COUNT(*) AS due FROM (
          SELECT 1 FROM deliveries WHERE destination = :destination AND {CLAIMABLE} AND not_before <= :now
          ORDER BY not_before LIMIT :window) AS first
        """,
        {"destination": destination, "now": now, "window": window},
    )
    return [], counted is None or counted["due"] < window


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
    reader: Reader, dialect: Dialect, leases: Mapping[UUID, UUID], after: datetime
) -> frozenset[UUID]:
    """Those deliveries whose lease under their token (`leases`: token by delivery id) lasts beyond `after`."""
    rows = await reader.fetch_all(
        f"""
        SELECT id FROM deliveries
        WHERE {dialect.one_of("id", "ids", "uuid")} AND state = 'leased' AND lease_until > :after
          AND CAST(lease_token AS TEXT) = {dialect.json_text("tokens", "CAST(id AS TEXT)")}
        """,
        {
            "ids": list(leases),
            "tokens": {str(each): str(token) for each, token in leases.items()},
            "after": after,
        },
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
    rows = await tx.fetch_all(
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
        RETURNING id
        """,
        {
            "destination": destination,
            "now": now,
            "soon": now + SOON,
            "later": now + REST,
            "limit": limit,
        },
    )
    return len(rows)


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
        # The order keeps PostgreSQL on the index: for any row it would rather walk the table.
        "ORDER BY not_before LIMIT 1",
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
