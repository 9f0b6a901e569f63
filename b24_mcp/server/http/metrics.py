"""Export of OpenTelemetry metrics to the configured collector, beside the spans.

No attribute names a person, a portal, a method or a value. Codes of errors that no documentation names become `other`,
because a portal may send any text as a code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from b24_mcp.errors.table import registered_fact
from b24_mcp.rest.observer import NOBODY, observe
from b24_mcp.server.http.collector import has_collector, missing_exporter

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter


class CollectedMetrics:
    """The observer that counts with the instruments of a meter."""

    def __init__(self, meter: Meter) -> None:
        self._calls = meter.create_counter("b24_mcp.tool.calls", "{call}", "Calls of tools, by tool and outcome")
        self._duration = meter.create_histogram("b24_mcp.tool.duration", "s", "Duration of calls of tools")
        self._errors = meter.create_counter("b24_mcp.errors", "{error}", "Errors in answers of tools, by code")
        self._requests = meter.create_counter("b24_mcp.portal.requests", "{request}", "Requests to portals, by outcome")
        self._answer = meter.create_histogram("b24_mcp.portal.duration", "s", "Duration of requests to portals")
        self._retries = meter.create_counter("b24_mcp.portal.retries", "{request}", "Requests that are sent again")
        self._wait = meter.create_histogram("b24_mcp.limiter.wait", "s", "Wait of requests for the limits of a portal")
        self._people = meter.create_gauge("b24_mcp.people.open", "{person}", "People for whom a portal is open")

    def portal_request(self, version: str, outcome: str, seconds: float) -> None:
        """Note one request to a portal."""
        about = {"version": version, "outcome": _code(outcome)}
        self._requests.add(1, about)
        self._answer.record(seconds, about)

    def retry(self, code: str) -> None:
        """Note that a request is sent again because of an error."""
        self._retries.add(1, {"code": _code(code)})

    def limiter_wait(self, seconds: float) -> None:
        """Note how long a request waited for the limits of its portal."""
        self._wait.record(seconds)

    def tool_call(self, tool: str, outcome: str, code: str, seconds: float) -> None:
        """Note a call of a tool."""
        about = {"tool": tool, "outcome": outcome}
        self._calls.add(1, about)
        self._duration.record(seconds, about)
        if code != "ok":
            self._errors.add(1, {"code": _code(code)})

    def people_open(self, number: int) -> None:
        """Note for how many people a portal is open."""
        self._people.set(number)


def start_metrics() -> Callable[[], None]:
    """Start the export to the collector in `OTEL_EXPORTER_OTLP_ENDPOINT`, if it is set.

    Return a function that exports the remaining metrics and stops.

    Raises:
        SettingsError: when a collector is set and the exporter is not installed.
    """
    if not has_collector("METRICS"):
        return lambda: None
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    except ImportError:
        raise missing_exporter() from None
    provider = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())])
    observe(CollectedMetrics(provider.get_meter("b24_mcp")))

    def stop() -> None:
        observe(NOBODY)
        provider.shutdown()

    return stop


def _code(code: str) -> str:
    if code == "ok":
        return code
    return "other" if registered_fact(code) is None else code.upper()
