"""Brings the gauges of queues, pauses and breakers up to date; called when somebody reads the metrics."""

from doorward.clock import Clock, micros
from doorward.observability.metrics import Metrics
from doorward.outbox.query import list_depths
from doorward.outbox.states import WAITING
from doorward.storage.contract import Database
from doorward.storage.types import read_bool


async def refresh_gauges(metrics: Metrics, database: Database, clock: Clock) -> None:
    """Reads open rows through their index, and the destinations' rows."""
    now = clock.now()
    metrics.deliveries_by_state.clear()
    metrics.oldest_waiting_seconds.clear()
    oldest: dict[str, int] = {}
    for depth in await list_depths(database.reader, database.dialect):
        metrics.deliveries_by_state.labels(depth.destination, depth.state).set(depth.count)
        if depth.state in WAITING:
            oldest[depth.destination] = min(oldest.get(depth.destination, depth.oldest_us), depth.oldest_us)
    for destination, since_us in oldest.items():
        metrics.oldest_waiting_seconds.labels(destination).set(max(0.0, (micros(now) - since_us) / 1e6))
    rows = await database.reader.fetch_all(
        """
        SELECT name, paused_code IS NOT NULL AND (paused_until IS NULL OR paused_until > :now) AS is_paused,
          breaker_open_until IS NOT NULL AS is_open
        FROM destinations
        """,
        {"now": now},
    )
    for row in rows:
        metrics.destination_paused.labels(row["name"]).set(int(read_bool(row["is_paused"])))
        metrics.breaker_open.labels(row["name"]).set(int(read_bool(row["is_open"])))
