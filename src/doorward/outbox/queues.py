"""What a watch over the queues asks every few seconds, at a cost that does not grow with them.

Everything walks along one index from a place on and stops early: PostgreSQL, whose statistics lag behind a queue, takes
any equality for selective and would read the whole queue. Depths for the metrics are `query`'s.
"""

from collections.abc import Mapping
from datetime import datetime

from doorward.clock import from_micros
from doorward.outbox.rows import IS_OPEN
from doorward.outbox.states import WAITING, State
from doorward.storage.contract import Reader
from doorward.storage.dialect import Dialect

COUNTED = 10_000
"""Counts end here: more is not worth reading all of it."""
CODES_LIMIT = 20
WAITED_IN = (State.PENDING, State.LEASED, State.RETRYABLE)


async def list_oldest_waiting(reader: Reader, dialect: Dialect) -> Mapping[str, datetime]:
    """Since when the oldest waiting delivery waits, by destination: an index probe for each of its states."""
    found: dict[str, datetime] = {}
    destination, behind = "", ""
    while row := await reader.fetch_one(
        f"""
        SELECT destination, state, waiting_since FROM deliveries{dialect.through("deliveries_open")}
        WHERE {IS_OPEN} AND settled_at IS NULL AND (destination, state) > (:destination, :behind)
        ORDER BY destination, state, waiting_since LIMIT 1
        """,
        {"destination": destination, "behind": behind},
    ):
        # A word behind this state and before the next one: from the state itself SQLite would step over all its rows.
        destination, behind = row["destination"], f"{row['state']}z"
        if row["state"] in WAITING:
            since = from_micros(row["waiting_since"])
            found[destination] = min(found.get(destination, since), since)
    return found


async def count_dead(reader: Reader, dialect: Dialect, limit: int = COUNTED) -> Mapping[str, int]:
    """Dead deliveries by destination, at most `limit` each: those without any are not named."""
    found: dict[str, int] = {}
    through, destination = dialect.through("deliveries_dead"), ""
    while row := await reader.fetch_one(
        f"SELECT destination FROM deliveries{through} WHERE state = 'dead' AND destination > :destination "
        "ORDER BY destination, id LIMIT 1",
        {"destination": destination},
    ):
        destination = row["destination"]
        counted = await reader.fetch_one(
            f"""
            SELECT COUNT(*) AS number FROM (
              SELECT destination FROM deliveries{through} WHERE state = 'dead' AND destination >= :destination
              ORDER BY destination, id LIMIT :limit) AS first
            WHERE destination = :destination
            """,
            {"destination": destination, "limit": limit},
        )
        found[destination] = 0 if counted is None else int(counted["number"])
    return found


async def count_waiting(reader: Reader, dialect: Dialect, destination: str) -> int:
    """How many deliveries wait for one destination, at most COUNTED."""
    total = 0
    for state in WAITED_IN:
        row = await reader.fetch_one(
            f"""
            SELECT COUNT(*) AS number FROM (
              SELECT destination, state FROM deliveries{dialect.through("deliveries_open")}
              WHERE {IS_OPEN} AND settled_at IS NULL AND (destination, state) >= (:destination, :state)
              ORDER BY destination, state, waiting_since LIMIT :limit) AS first
            WHERE destination = :destination AND state = :state
            """,
            {"destination": destination, "state": state, "limit": COUNTED},
        )
        total += 0 if row is None else int(row["number"])
    return min(total, COUNTED)


async def count_dead_by_code(reader: Reader, dialect: Dialect, destination: str) -> Mapping[str, int]:
    """Why a destination's newest dead deliveries died: the most frequent codes and how many of each."""
    rows = await reader.fetch_all(
        f"""
        SELECT code, COUNT(*) AS number FROM (
          SELECT destination, COALESCE(reason_code, 'unknown') AS code
          FROM deliveries{dialect.through("deliveries_dead")}
          WHERE state = 'dead' AND destination <= :destination
          ORDER BY destination DESC, id DESC LIMIT :window) AS newest
        WHERE destination = :destination GROUP BY code ORDER BY COUNT(*) DESC, code LIMIT :limit
        """,
        {"destination": destination, "limit": CODES_LIMIT, "window": COUNTED},
    )
    return {row["code"]: row["number"] for row in rows}
