"""Exports spans by OTLP over HTTP. Needs the extra `doorward[tracing]`; loaded through its entry point only."""

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from doorward.config.model import TracingConfig


def install(config: TracingConfig) -> None:
    """Makes the process's spans go to `tracing.providers.otlp.server_url`."""
    otlp = config.providers.otlp
    address = otlp.server_url or "127.0.0.1:4318"
    if "://" not in address:
        address = f"{'http' if otlp.insecure else 'https'}://{address}/v1/traces"
    headers = {"Authorization": otlp.authorization_header.reveal()} if otlp.authorization_header else None
    named = {"service.name": config.service_name, "deployment.environment": config.deployment_environment}
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(otlp.sampling.sampling_ratio)),
        resource=Resource.create({name: value for name, value in named.items() if value}),
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address, headers=headers)))
    trace.set_tracer_provider(provider)
