"""Spans of OpenTelemetry, when a person has named a collector.

The SDK makes a span for each message: its method, the name of the tool, the outcome; no arguments. Here they are only
sent on. Instrumentation from outside (`opentelemetry-instrument`) would also record the addresses that the HTTP client
calls, and those hold the webhook.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from b24_mcp.config.settings import SettingsError

_COLLECTOR = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def start_tracing() -> Callable[[], None]:
    """Send spans to the collector that `OTEL_EXPORTER_OTLP_ENDPOINT` names; without it, none are made.

    Gives a function that sends what is left and ends it.

    Raises:
        SettingsError: when a collector is named and the library that speaks to it is missing.
    """
    if not any(os.environ.get(name) for name in _COLLECTOR):
        return lambda: None
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise SettingsError(f"{_COLLECTOR[0]} needs the extra: install b24-mcp[otel]") from None
    os.environ.setdefault("OTEL_SERVICE_NAME", "b24-mcp")
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)

    def stop() -> None:
        provider.shutdown()

    return stop
