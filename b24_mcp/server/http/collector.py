"""The OpenTelemetry collector to which spans and metrics are exported."""

from __future__ import annotations

import os
from typing import Literal

from b24_mcp.config.settings import SettingsError

_ADDRESS = "OTEL_EXPORTER_OTLP_ENDPOINT"


def has_collector(signal: Literal["TRACES", "METRICS"]) -> bool:
    """Return whether a collector is set for all signals or for this one. Then the service has a name."""
    if not any(os.environ.get(name) for name in (_ADDRESS, f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")):
        return False
    os.environ.setdefault("OTEL_SERVICE_NAME", "b24-mcp")
    return True


def missing_exporter() -> SettingsError:
    """Return the error of a collector without the libraries that export to it."""
    return SettingsError(f"{_ADDRESS} needs an extra: install b24-mcp[otel]")
