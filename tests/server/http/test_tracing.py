"""Spans and metrics for a collector: their export, and what they must not contain."""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import anyio.to_thread
import pytest
from click.testing import CliRunner

from b24_mcp.cli import cli
from b24_mcp.config.settings import SettingsError
from b24_mcp.server.http.metrics import start_metrics
from tests.loopback import SECRET, LoopbackPortal
from tests.server.http.conftest import TOKEN, server_process
from tests.server.http.test_process import call

EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
METRIC_EXPORTER = "opentelemetry.exporter.otlp.proto.http.metric_exporter"
ARGUMENT = "value-of-an-argument"


def installed() -> bool:
    try:
        return importlib.util.find_spec(EXPORTER) is not None
    except ModuleNotFoundError:
        return False


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    received: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", received
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.skipif(not installed(), reason="the extra otel is not installed")
async def test_spans_contain_the_tool_but_no_arguments_and_no_secrets(
    portal: LoopbackPortal, collector: tuple[str, list[bytes]]
) -> None:
    url, received = collector
    with server_process(OTEL_EXPORTER_OTLP_ENDPOINT=url, B24_HTTP_TOKEN=TOKEN) as served:
        for arguments in (
            {"method": "profile", "params": {"x": ARGUMENT}, "validate": False},
            {"method": f"no.such.{ARGUMENT}"},
            {"method": "crm.deal.add", "params": {"feilds": ARGUMENT}},
            {"methd": ARGUMENT},
        ):
            await call(served.url, "call_method", TOKEN, **arguments)
        served.stop()
        assert await anyio.to_thread.run_sync(served.ended) == 0
    spans = b"".join(received)
    assert b"tools/call call_method" in spans
    assert b"b24-mcp" in spans
    for name in (b"b24_mcp.tool.calls", b"b24_mcp.portal.requests", b"b24_mcp.limiter.wait"):
        assert name in spans
    for hidden in (ARGUMENT, SECRET, TOKEN):
        assert hidden.encode() not in spans


def test_a_collector_without_the_exporter_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, EXPORTER, None)
    ended = CliRunner().invoke(cli, ["serve", "--http"], env={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"})
    assert ended.exit_code == 2
    assert "b24-mcp[otel]" in ended.stderr


def test_a_collector_without_the_exporter_of_metrics_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, METRIC_EXPORTER, None)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(SettingsError, match=r"b24-mcp\[otel\]"):
        start_metrics()  # a server would have begun to export spans in this process
