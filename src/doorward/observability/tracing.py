"""OpenTelemetry spans through the API package only: they cost next to nothing until `app.py` installs an exporter."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import Span, Tracer

from doorward.observability.logging import trace_id

TRACER: Tracer = trace.get_tracer("doorward")


@contextmanager
def span(name: str, attributes: Mapping[str, str | int | float | bool] | None = None) -> Iterator[Span]:
    """A span without personal data; a no-op while no exporter is installed."""
    with TRACER.start_as_current_span(name, attributes=attributes, record_exception=False) as current:
        yield current


def current_trace_id() -> str:
    """The W3C trace id of the active span, else the request's own id, else a new one (32 hex digits)."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        return format(context.trace_id, "032x")
    return trace_id.get() or secrets.token_hex(16)
