"""Brings the gauges of queues, pauses, breakers and alerts up to date; called when somebody reads the metrics."""

from datetime import datetime

from doorward.clock import Clock, micros
from doorward.delivery.alerts.model import Kind
from doorward.delivery.alerts.store import list_open
from doorward.delivery.pauses import list_pauses
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
    await _refresh_alarming(metrics, database, now)


async def _refresh_alarming(metrics: Metrics, database: Database, now: datetime) -> None:
    """What waits for a person. Cleared first: what is over must not be read as if it held."""
    for gauge in (metrics.action_paused, metrics.dead_deliveries):
        gauge.clear()
    for paused in await list_pauses(database.reader, now):
        if paused.scope == "action":
            metrics.action_paused.labels(paused.name).set(1)
    dead = await database.reader.fetch_all(
        f"""
        SELECT destination, COUNT(*) AS number FROM deliveries{database.dialect.through("deliveries_dead")}
        WHERE state = 'dead' GROUP BY destination
        """
    )
    for row in dead:
        metrics.dead_deliveries.labels(row["destination"]).set(row["number"])
    kinds = [alert.trouble.subject.kind for alert in await list_open(database.reader)]
    for kind in Kind:
        metrics.alerts_open.labels(kind).set(kinds.count(kind))
