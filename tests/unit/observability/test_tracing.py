"""Spans as an exporter sees them: the request's trace is the caller's, a send is linked to the requests it serves."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from doorward.observability import tracing

TRACE = "0af7651916cd43dd8448eb211c80319c"


def exporting(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    provider, exporter = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "TRACER", provider.get_tracer("doorward"))
    return exporter


def test_a_request_goes_on_with_its_callers_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = exporting(monkeypatch)
    with tracing.request_span("GET", "public", f"00-{TRACE}-b7ad6b7169203331-01"):
        assert tracing.current_trace_id() == TRACE
    (span,) = exporter.get_finished_spans()
    assert format(span.context.trace_id, "032x") == TRACE
    assert span.parent is not None


def test_a_send_is_linked_to_the_traces_of_its_deliveries(monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = exporting(monkeypatch)
    with tracing.delivery_span("hubspot", [TRACE, "not hexadecimal", ""]):
        pass
    (span,) = exporter.get_finished_spans()
    assert [format(link.context.trace_id, "032x") for link in span.links] == [TRACE]


def test_without_an_exporter_there_is_an_id_all_the_same() -> None:
    assert len(tracing.current_trace_id()) == 32
