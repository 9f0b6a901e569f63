"""Export of OpenTelemetry spans to the configured collector.

The SDK creates a span for each message with its method, the name of the tool and the outcome, without arguments.
External instrumentation (`opentelemetry-instrument`) must not be used: it records the addresses of HTTP requests, which
contain the webhook.
"""

from __future__ import annotations

from collections.abc import Callable

from b24_mcp.server.http.collector import has_collector, missing_exporter


def start_tracing() -> Callable[[], None]:
    """Start the export to the collector in `OTEL_EXPORTER_OTLP_ENDPOINT`, if it is set.

    Return a function that exports the remaining spans and stops.

    Raises:
        SettingsError: when a collector is set and the exporter is not installed.
    """
    if not has_collector("TRACES"):
        return lambda: None
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise missing_exporter() from None
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)

    def stop() -> None:
        provider.shutdown()

    return stop
