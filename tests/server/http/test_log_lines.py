"""The log of a server over HTTP as lines of JSON, and what is in none of its forms."""

from __future__ import annotations

import json
import logging
import sys

import anyio.to_thread
import httpx

from b24_mcp.app.logs import FACTS, JsonFormatter
from b24_mcp.secrets import Redactor
from tests.server.http.conftest import server_process


async def test_requests_are_lines_of_json() -> None:
    with server_process(B24_LOG="json") as served:
        async with httpx.AsyncClient() as http:
            assert (await http.get(served.url.replace("/mcp", "/nothing"))).status_code == 404
        served.stop()
        await anyio.to_thread.run_sync(served.ended)
    lines = [json.loads(line) for line in served.log if line.startswith("{")]
    (line,) = [one for one in lines if one.get("path") == "/nothing"]
    assert (line["status"], line["method"], line["level"], line["logger"]) == (404, "GET", "info", "b24_mcp.access")
    assert line["time"].endswith("Z")


def test_a_secret_is_in_no_field_of_a_line() -> None:
    secret = "s3cret0fthetests"
    formatter = JsonFormatter(Redactor([secret]))
    try:
        raise ValueError(f"failed with {secret}")
    except ValueError:
        failed = sys.exc_info()
    record = logging.LogRecord("b24_mcp", logging.ERROR, __file__, 1, "a\n%s", (secret,), failed)
    setattr(record, FACTS, {"path": f"/{secret}", "ms": 1})
    line = formatter.format(record)
    assert secret not in line
    assert "\n" not in line
    assert set(json.loads(line)) == {"time", "level", "logger", "message", "exception", "path", "ms"}
