"""The server as a process: what it imports, what it writes, how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from tests.loopback import SECRET, loopback_portal

INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}
PATIENCE = 30.0


@contextmanager
def server(*arguments: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, *(arguments or ("-m", "b24_mcp"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ) | settings,
        text=True,
    )
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
        watchdog.cancel()


def ask(process: subprocess.Popen[str], method: str, params: dict[str, Any]) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())["result"]


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_a_real_client_calls_a_tool_over_stdio(era: Any) -> None:
    command = StdioServerParameters(command=sys.executable, args=["-m", "b24_mcp"], env=dict(os.environ))
    async with Client(command, mode=era) as client:
        (block,) = (await client.call_tool("call_method", {"method": "profile"})).content
    assert json.loads(getattr(block, "text", ""))["result"]["ID"] == "1"


def test_listing_the_tools_loads_no_heavy_modules() -> None:
    """Clients give up on a slow start, so listing the tools loads no HTTP client, no XML and no portal."""
    watched = ["httpx", "xmltodict", "pydantic_settings", "truststore", "rich"]
    watched += ["b24_sandbox", "b24_mcp.cli", "b24_mcp.server.http"]
    code = f"""
import sys, atexit
atexit.register(lambda: sys.stderr.write("LOADED " + ",".join(sorted(set({watched!r}) & set(sys.modules)))))
sys.argv = ["b24-mcp"]
from b24_mcp.__main__ import main
main()
"""
    with server("-c", code) as process:
        assert ask(process, "initialize", INITIALIZE)["serverInfo"]["name"] == "b24-mcp"
        assert len(ask(process, "tools/list", {})["tools"]) >= 2
        _, errors = process.communicate("", PATIENCE)
    assert errors.strip() == "LOADED"


def test_it_starts_and_lists_its_tools_with_any_settings() -> None:
    with server(B24_WEBHOOK_URL="nonsense", B24_BUDGET="nonsense", B24_CA_BUNDLE="/nowhere") as process:
        ask(process, "initialize", INITIALIZE)
        assert ask(process, "tools/list", {})["tools"]


def test_it_ends_quietly_when_the_client_closes_stdin() -> None:
    with server() as process:
        ask(process, "initialize", INITIALIZE)
        out, errors = process.communicate("", PATIENCE)
    assert (process.returncode, out, errors) == (0, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_quietly_on_a_signal(number: signal.Signals) -> None:
    with server() as process:
        ask(process, "initialize", INITIALIZE)
        process.send_signal(number)
        assert process.wait(PATIENCE) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_the_webhook_code_is_in_nothing_the_process_writes() -> None:
    calls = [
        ("call_method", {"method": "crm.deal.get", "params": {"id": 999_999}}),
        ("call_method", {"method": f"crm.{SECRET}.get"}),
        ("call_method", {"method": "crm.deal.add", "params": {"fields": {"TITLE": f"/rest/1/{SECRET}/x"}}}),
        ("call_method", {"method": "crm.deal.list", "params": {"order": {"ID": "DESC"}, "select": ["TITLE"]}}),
        ("batch_call", {"commands": {"a": {"method": f"{SECRET}?x"}}}),
        ("batch_call", {"commands": {SECRET: {"method": "profile"}}}),
    ]
    written = ""
    with loopback_portal() as portal:
        for address in (
            portal.address,
            portal.address.replace("127.0.0.1", "127.0.0.1:1#"),
            f"https://x.invalid/{SECRET}",
        ):
            with server(B24_WEBHOOK_URL=address) as process:
                ask(process, "initialize", INITIALIZE)
                for name, arguments in calls if address == portal.address else calls[:1]:
                    written += json.dumps(ask(process, "tools/call", {"name": name, "arguments": arguments}))
                out, errors = process.communicate("", PATIENCE)
                written += out + errors
    assert written.count("isError") >= 6
    assert SECRET not in written


def test_a_running_call_does_not_keep_the_process_alive_when_the_client_leaves() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/rest/1/{SECRET}/"
        with server(B24_WEBHOOK_URL=address) as process:
            ask(process, "initialize", INITIALIZE)
            call = {"name": "call_method", "arguments": {"method": "profile"}}
            assert process.stdin is not None
            process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}) + "\n")
            process.stdin.flush()
            connection, _ = silent.accept()
            with connection:
                out, errors = process.communicate("", PATIENCE)
    assert process.returncode == 0
    assert SECRET not in out + errors
    assert "Traceback" not in errors
