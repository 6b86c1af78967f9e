"""Every metric, named once. Served at /metrics/prometheus on the admin port; labels hold no personal data."""

from dataclasses import dataclass
from typing import cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from doorward.observability.counting import Counts, Together, counts_of

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200, 86400)


@dataclass(frozen=True, slots=True)
class Metrics:
    """One set per process, made in `app.py`; each test makes its own."""

    registry: CollectorRegistry
    http_requests: Counter
    http_seconds: Histogram
    flows_started: Counter
    flows_submitted: Counter
    hash_seconds: Histogram
    delivery_attempts: Counter
    delivery_outcomes: Counter
    commit_to_delivered_seconds: Histogram
    deliveries_by_state: Gauge
    oldest_waiting_seconds: Gauge
    budget_wait_seconds: Histogram
    breaker_open: Gauge
    destination_paused: Gauge
    action_paused: Gauge
    dead_deliveries: Gauge
    alerts_open: Gauge
    alert_messages: Counter
    template_seconds: Histogram
    template_failures: Counter

    def counts(self) -> Counts:
        """What this process has counted, to be added to what others have."""
        return counts_of(self.registry)

    def render(self, total: Counts | None = None) -> bytes:
        """The text format of Prometheus; `total`: of all processes, where there are several."""
        if total is None:
            return generate_latest(self.registry)
        # Typed for a registry; all that it needs is `collect`.
        return generate_latest(cast("CollectorRegistry", Together(self.registry, total)))


def make_metrics() -> Metrics:
    registry = CollectorRegistry()

    def counter(name: str, text: str, *labels: str) -> Counter:
        return Counter(f"doorward_{name}", text, labels, registry=registry)

    def gauge(name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"doorward_{name}", text, labels, registry=registry)

    def histogram(name: str, text: str, *labels: str) -> Histogram:
        return Histogram(f"doorward_{name}", text, labels, registry=registry, buckets=SECONDS)

    return Metrics(
        registry=registry,
        http_requests=counter("http_requests_total", "Requests by route and status.", "listener", "route", "status"),
        http_seconds=histogram("http_request_seconds", "Time to answer a request.", "listener", "route"),
        flows_started=counter("flows_started_total", "Self-service flows begun.", "kind", "type"),
        flows_submitted=counter("flows_submitted_total", "Submits by result.", "kind", "method", "result"),
        hash_seconds=histogram("password_hash_seconds", "Time to hash or verify a password, waiting included."),
        delivery_attempts=counter("delivery_attempts_total", "Tries of deliveries.", "destination"),
        delivery_outcomes=counter(
            "delivery_outcomes_total", "How attempts and decisions ended.", "destination", "outcome", "code"
        ),
        commit_to_delivered_seconds=histogram(
            "commit_to_delivered_seconds", "From the commit of a fact to its arrival.", "destination"
        ),
        deliveries_by_state=gauge("deliveries", "Delivery rows by state.", "destination", "state"),
        oldest_waiting_seconds=gauge("oldest_waiting_seconds", "Age of the oldest waiting delivery.", "destination"),
        budget_wait_seconds=histogram("budget_wait_seconds", "Time spent waiting for the call budget.", "destination"),
        breaker_open=gauge("breaker_open", "1 while the circuit breaker is open.", "destination"),
        destination_paused=gauge("destination_paused", "1 while a destination is paused.", "destination"),
        action_paused=gauge("action_paused", "1 while an action is paused.", "action"),
        dead_deliveries=gauge("dead_deliveries", "Deliveries that were given up and wait for a person.", "destination"),
        alerts_open=gauge("alerts_open", "Alerts that are not over.", "kind"),
        alert_messages=counter("alert_messages_total", "Tries to send an alert's message, by result.", "result"),
        template_seconds=histogram("template_render_seconds", "Time to render a Jsonnet template, or several at once."),
        template_failures=counter("template_failures_total", "Templates that failed, by kind.", "kind"),
    )
