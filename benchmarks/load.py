"""Check that one server serves many MCP clients at once over HTTP without an error.

The clients use both generations of the protocol in turn, and call tools one after another on the sandbox portal. Server
and clients share the machine, so the latencies are upper bounds.
Usage: python -m benchmarks.load [CLIENTS] [SECONDS]
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

TOKEN = "0123456789abcdef0123456789abcdef"
MODES: tuple[Literal["auto"], Literal["legacy"]] = ("auto", "legacy")
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("find_methods", {"query": "add a deal", "limit": 3}),
    ("call_method", {"method": "profile"}),
    ("call_method", {"method": "crm.deal.list", "params": {"select": ["ID", "TITLE"]}}),
]


def main() -> None:
    """Run and print; fail when a call failed."""
    clients, seconds = [*map(int, sys.argv[1:]), *[200, 10][len(sys.argv) - 1 :]]
    took: list[float] = []
    errors: Counter[str] = Counter()
    with serving() as url:
        lasted = asyncio.run(press(url, clients, seconds, took, errors))
    took.sort()
    if took:
        median, most = took[len(took) // 2], took[len(took) * 95 // 100]
        print(f"{clients} clients for {lasted:.1f} s: {len(took)} calls, {len(took) / lasted:.0f} a second")
        print(
            f"latency: median {median * 1000:.0f} ms, 95 of 100 within {most * 1000:.0f} ms, longest {took[-1]:.2f} s"
        )
    print(f"errors {sum(errors.values())} {dict(errors) or ''}")
    if errors or not took:
        raise SystemExit(1)


async def press(url: str, clients: int, seconds: float, took: list[float], errors: Counter[str]) -> float:
    """Connect all clients, then call until the time is over; return the seconds."""
    connected = asyncio.Barrier(clients + 1)
    begin = 0.0

    async def one(number: int) -> None:
        calls = itertools.islice(itertools.cycle(CALLS), number % len(CALLS), None)
        arrived = False
        try:
            async with (
                httpx2.AsyncClient(headers={"authorization": f"Bearer {TOKEN}"}, timeout=60) as http,
                Client(
                    streamable_http_client(url, http_client=http), mode="legacy" if number % 2 else "auto"
                ) as client,
            ):
                arrived = True
                await connected.wait()
                while time.perf_counter() - begin < seconds:
                    tool, arguments = next(calls)
                    started = time.perf_counter()
                    result = await client.call_tool(tool, arguments)
                    took.append(time.perf_counter() - started)
                    if result.is_error or not json.loads(getattr(result.content[0], "text", "")):
                        errors[f"{tool} failed"] += 1
        except Exception as exc:
            errors[type(exc).__name__] += 1
            if not arrived:
                await connected.wait()

    async with asyncio.TaskGroup() as tasks:
        for number in range(clients):
            tasks.create_task(one(number))
        await connected.wait()
        begin = time.perf_counter()
    return time.perf_counter() - begin


@contextmanager
def serving() -> Iterator[str]:
    """Start a server as a user would; yield its address."""
    settings = {"B24_HTTP_TOKEN": TOKEN, "B24_STATE": "memory"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("B24_")} | {"B24_DOCS": "off"}
    command = [sys.executable, "-m", "b24_mcp", "serve", "--http", "--port", "0"]
    with tempfile.TemporaryFile("w+") as log, tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(command, stderr=log, env=kept | settings | python_path(), cwd=folder)
        try:
            yield address(process, log)
        finally:
            process.terminate()
            process.wait()


def address(process: subprocess.Popen[bytes], log: Any) -> str:
    """Wait until the server prints its address, and return it."""
    for _ in range(400):
        log.seek(0)
        text = log.read()
        if found := re.search(r"serves MCP at (\S+/mcp)", text):
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit(f"The server did not start:\n{text}")


def python_path() -> dict[str, str]:
    """Return the environment in which the server runs from this source tree."""
    return {"PYTHONPATH": os.path.dirname(os.path.dirname(os.path.abspath(__file__)))}


if __name__ == "__main__":
    main()
