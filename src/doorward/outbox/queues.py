"""What a watch over the queues asks every few seconds, at a cost that does not grow with them.

Depths for the metrics are `query`'s; what an answer means is the caller's.
"""

from collections.abc import Mapping
from datetime import datetime

from doorward.clock import from_micros
from doorward.outbox.rows import IS_OPEN
from doorward.outbox.states import State
from doorward.storage.contract import Reader
from doorward.storage.dialect import Dialect

CODES_LIMIT = 20


async def list_oldest_waiting(reader: Reader, dialect: Dialect) -> Mapping[str, datetime]:
    """Since when the oldest waiting delivery waits, by destination: a few index probes for each."""
    through = dialect.through("deliveries_open")
    # The condition of the index stands beside the state: SQLite does not see that the one follows from the other.
    oldest = ", ".join(
        f"(SELECT MIN(waiting_since) FROM deliveries{through} "
        f"WHERE {IS_OPEN} AND destination = found.destination AND state = '{state}') AS {state}"
        for state in (State.PENDING, State.LEASED, State.RETRYABLE)
    )
    rows = await reader.fetch_all(
        f"""
        WITH RECURSIVE found (destination) AS (
          SELECT MIN(destination) FROM deliveries{through} WHERE {IS_OPEN}
          UNION ALL
          SELECT (SELECT MIN(destination) FROM deliveries{through}
                  WHERE {IS_OPEN} AND destination > found.destination)
          FROM found WHERE found.destination IS NOT NULL)
        SELECT destination, {oldest} FROM found WHERE destination IS NOT NULL
        """
    )
    found: dict[str, datetime] = {}
    for row in rows:
        moments = [row[state] for state in (State.PENDING, State.LEASED, State.RETRYABLE) if row[state] is not None]
        if moments:
            found[row["destination"]] = from_micros(min(moments))
    return found


async def count_dead(reader: Reader, dialect: Dialect) -> Mapping[str, int]:
    """Dead deliveries by destination: those without any are not named."""
    rows = await reader.fetch_all(
        f"""
        SELECT destination, COUNT(*) AS number FROM deliveries{dialect.through("deliveries_dead")}
        WHERE state = 'dead' GROUP BY destination
        """
    )
    return {row["destination"]: row["number"] for row in rows}


async def count_waiting(reader: Reader, dialect: Dialect, destination: str) -> int:
    """How many deliveries wait for one destination."""
    row = await reader.fetch_one(
        f"""
        SELECT COUNT(*) AS number FROM deliveries{dialect.through("deliveries_open")}
        WHERE {IS_OPEN} AND destination = :destination AND state IN ('pending', 'leased', 'retryable')
        """,
        {"destination": destination},
    )
    return 0 if row is None else int(row["number"])


async def count_dead_by_code(reader: Reader, dialect: Dialect, destination: str) -> Mapping[str, int]:
    """Why a destination's dead deliveries died: the most frequent codes and how many of each."""
    rows = await reader.fetch_all(
        f"""
        SELECT COALESCE(reason_code, 'unknown') AS code, COUNT(*) AS number
        FROM deliveries{dialect.through("deliveries_dead")}
        WHERE state = 'dead' AND destination = :destination
        GROUP BY COALESCE(reason_code, 'unknown') ORDER BY COUNT(*) DESC, code LIMIT :limit
        """,
        {"destination": destination, "limit": CODES_LIMIT},
    )
    return {row["code"]: row["number"] for row in rows}
