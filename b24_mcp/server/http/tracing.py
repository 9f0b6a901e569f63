"""Export of OpenTelemetry spans to the configured collector.

The SDK creates a span for each message with its method, the name of the tool and the outcome, without arguments.
External instrumentation (`opentelemetry-instrument`) must not be used: it records the addresses of HTTP requests, which
contain the webhook.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from b24_mcp.config.settings import SettingsError

_COLLECTOR = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def start_tracing() -> Callable[[], None]:
    """Start the export to the collector in `OTEL_EXPORTER_OTLP_ENDPOINT`, if it is set.

    Return a function that exports the remaining spans and stops.

    Raises:
        SettingsError: when a collector is set and the exporter is not installed.
    """
    if not any(os.environ.get(name) for name in _COLLECTOR):
        return lambda: None
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise SettingsError(f"{_COLLECTOR[0]} needs an extra: install b24-mcp[otel]") from None
    os.environ.setdefault("OTEL_SERVICE_NAME", "b24-mcp")
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)

    def stop() -> None:
        provider.shutdown()

    return stop
