"""What delivery tells of itself: a log line and counters per outcome. No personal data, no payload."""

from collections.abc import Iterable
from datetime import datetime

from doorward.delivery.contract import Delivered, Outcome
from doorward.delivery.settle import Ruled
from doorward.observability.logging import Log
from doorward.observability.metrics import Metrics

LOG = Log("delivery")


def outcome_name(outcome: Outcome) -> str:
    """`delivered`, `retry`, `snooze`, `hold`, `skip`, `discard`: the metric's label."""
    return type(outcome).__name__.lower()


def tell_settled(metrics: Metrics, destination: str, written: Iterable[Ruled]) -> None:
    """Counts and logs what was written."""
    for each in written:
        code = getattr(each.outcome, "code", "")
        metrics.delivery_outcomes.labels(destination, outcome_name(each.outcome), code).inc()
        if each.was_sent:
            metrics.delivery_attempts.labels(destination).inc()
        if isinstance(each.outcome, Delivered):
            waited = (each.ended_at - each.delivery.created_at).total_seconds()
            metrics.commit_to_delivered_seconds.labels(destination).observe(max(0.0, waited))
        LOG.info(
            "delivery_settled",
            destination=destination,
            delivery_id=str(each.delivery.id),
            action=each.delivery.action,
            outcome=outcome_name(each.outcome),
            code=code,
            attempt=each.delivery.attempts + 1,
            http_status=getattr(each.outcome, "http_status", None),
            trace_id=each.delivery.trace_id,
        )


def tell_lost(destination: str, count: int, now: datetime) -> None:
    """Leases that were lost before their outcome could be written: somebody else works on these rows."""
    if count:
        LOG.warning("lease_lost", destination=destination, deliveries=count, at=now.isoformat())
