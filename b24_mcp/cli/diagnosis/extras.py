"""The check of extras: libraries that the settings or the environment need, and that are not installed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from urllib.request import getproxies

from b24_mcp.cli.diagnosis.finding import Finding
from b24_mcp.config.settings import Settings

_COLLECTORS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_FORMATS = {"xlsx": ("xlsxwriter", ".xlsx"), "parquet": ("pyarrow", ".parquet"), "charts": ("vl_convert", "charts")}


def check_extras(settings: Settings) -> Iterator[Finding]:
    """Report each extra that is needed and missing as wrong, and those that only some files need as a note."""
    if "://" in (settings.state or "") and find_spec("redis") is None:
        yield _missing("redis", "B24_STATE names a Redis server")
    if settings.records and (find_spec("psycopg") is None or find_spec("psycopg_pool") is None):
        yield _missing("postgresql", "B24_RECORDS names a PostgreSQL database, and no data set can be used")
    if any(os.environ.get(name) for name in _COLLECTORS) and find_spec("opentelemetry.sdk") is None:
        yield _missing("otel", f"{next(filter(os.environ.get, _COLLECTORS))} is set, and no traces are sent")
    proxies = getproxies()
    proxy = (proxies.get("https") or proxies.get("all") or "").strip("\"' ").lower()
    if proxy.startswith("socks") and find_spec("socksio") is None:
        yield _missing("socks", "the proxy of the environment is a SOCKS proxy, and no portal can be reached")
    formats = [(extra, ending) for extra, (module, ending) in _FORMATS.items() if find_spec(module) is None]
    if settings.files_dir and formats:
        *first, last = [ending for _, ending in formats]
        endings = f"{', '.join(first)} and {last}" if first else last
        extras = ",".join(extra for extra, _ in formats)
        yield Finding("extras", "note", f"{endings} cannot be written", f"Install b24-mcp[{extras}], if you need them.")


def _missing(extra: str, why: str) -> Finding:
    return Finding("extras", "wrong", f"the extra {extra} is not installed: {why}", f"Install b24-mcp[{extra}].")
