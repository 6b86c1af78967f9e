"""OpenTelemetry spans through the API package only: next to free until `app.tracing` installs an exporter."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import propagate, trace
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, TraceFlags, Tracer

from doorward.ids import new_hex_id
from doorward.observability.logging import trace_id

TRACER: Tracer = trace.get_tracer("doorward")
MAX_LINKS = 100

Attributes = Mapping[str, str | int | float | bool]


@contextmanager
def request_span(method: str, listener: str, traceparent: str) -> Iterator[Span]:
    """The span of one HTTP request, a child of the caller's where a W3C `traceparent` header names one."""
    context = propagate.extract({"traceparent": traceparent}) if traceparent else None
    attributes: Attributes = {"http.request.method": method, "doorward.listener": listener}
    with TRACER.start_as_current_span(
        f"{method} {listener}", context, SpanKind.SERVER, attributes, record_exception=False
    ) as current:
        yield current


@contextmanager
def delivery_span(destination: str, trace_ids: Iterable[str]) -> Iterator[Span]:
    """The span of one send, linked to the traces of the requests whose deliveries it carries."""
    links = [link for link in (_link(each) for each in list(trace_ids)[:MAX_LINKS]) if link is not None]
    attributes: Attributes = {"doorward.destination": destination, "doorward.deliveries": len(links)}
    with TRACER.start_as_current_span(
        "delivery.send", None, SpanKind.CLIENT, attributes, links, record_exception=False
    ) as current:
        yield current


def current_trace_id() -> str:
    """The W3C trace id of the active span, else the request's own id, else a new one (32 hex digits)."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        return format(context.trace_id, "032x")
    return trace_id.get() or new_hex_id()


def _link(text: str) -> Link | None:
    """A trace is known by its id alone; the span's half of the context is made from it, so that backends accept it."""
    try:
        number = int(text, 16)
    except ValueError:
        return None
    context = SpanContext(number, (number & 0xFFFFFFFFFFFFFFFF) or 1, is_remote=True, trace_flags=TraceFlags(1))
    return Link(context) if context.is_valid else None
