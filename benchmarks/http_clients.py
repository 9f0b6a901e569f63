"""Measure calls a second and latencies of many HTTP clients, beside a bare server of the same SDK that makes the same
httpx call.

Each of the clients sends `tools/call` on a connection of its own, one call after another, without a session. The two
servers are loaded in turn, several times, so that a slow moment of the machine affects both. The portal answers from
memory (`benchmarks.plain_portal`). Client, server and portal share the machine.
`one_client` measures single calls of one client as `benchmarks.calls` does over stdio.
Usage: python -m benchmarks.http_clients [--clients N] [--seconds N] [--turns N] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from typing import Any

from benchmarks.calls import BARE_SERVER, MEASURED, measure, plain_portal
from benchmarks.load import TOKEN, address, python_path

_BARE_HTTP = BARE_SERVER.replace(
    'server.run("stdio")',
    """
import sys
server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]), stateless_http=True, json_response=True)
""",
)
_CALL = {"name": "call_method", "arguments": {"method": "crm.deal.get", "params": {"id": 5}}}
_NAMES = ("bare", "ours")
_PROTOCOLS = ("2025-11-25", "2026-07-28")
MEASURED_OVER_HTTP = tuple(
    replace(one, name=f"{one.name}, HTTP, {protocol}") for protocol in _PROTOCOLS for one in MEASURED[:2]
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = figures(asked.clients, asked.seconds, asked.turns)
    alone = one_client(100)
    if asked.json:
        print(json.dumps([*found, *alone], indent=1))
        return
    for one in alone:
        print(f"{one['name']}: {one['ours']:.2f} ms, bare {one['bare']:.2f} ms, {one['more']:.2f} ms more")
    print(f"{asked.clients} clients, {asked.turns} turns of {asked.seconds:.0f} s for each server")
    print(f"{'':8}{'calls/s':>9}{'median ms':>11}{'95 % ms':>9}{'longest':>9}{'failed':>8}")
    for one in found:
        print(
            f"{one['name']:8}{one['a_second']:9.0f}{one['median']:11.1f}{one['most']:9.1f}{one['longest']:9.1f}", end=""
        )
        print(f"{one['failed']:8}")


def figures(clients: int, seconds: float, turns: int) -> list[dict[str, Any]]:
    """Return calls a second and milliseconds of both servers."""
    took: dict[str, list[float]] = {name: [] for name in _NAMES}
    failed = dict.fromkeys(_NAMES, 0)
    lasted = dict.fromkeys(_NAMES, 0.0)
    with ExitStack() as stack:
        webhook = stack.enter_context(plain_portal())
        urls = {"bare": stack.enter_context(_bare(webhook)), "ours": stack.enter_context(_ours(webhook))}
        for url in urls.values():
            asyncio.run(_press(url, 4, 1.0))  # the first calls only warm the caches
        for _ in range(turns):
            for name, url in urls.items():
                begin = time.perf_counter()
                times, wrong = asyncio.run(_press(url, clients, seconds))
                lasted[name] += time.perf_counter() - begin
                took[name] += times
                failed[name] += wrong
    return [
        {
            "name": name,
            "a_second": len(times) / lasted[name],
            "median": statistics.median(times) * 1000,
            "most": sorted(times)[len(times) * 95 // 100] * 1000,
            "longest": max(times) * 1000,
            "failed": failed[name],
        }
        for name, times in took.items()
    ]


def one_client(rounds: int) -> list[dict[str, Any]]:
    """Return the medians of both servers in milliseconds for calls of one client, and their difference and ratio."""
    found = []
    with ExitStack() as stack:
        webhook = stack.enter_context(plain_portal())
        urls = [stack.enter_context(_ours(webhook)), stack.enter_context(_bare(webhook))]
        for protocol in _PROTOCOLS:
            ours, bare = [stack.enter_context(closing(_Client(url, protocol))) for url in urls]
            measured = [one for one in MEASURED_OVER_HTTP if one.name.endswith(protocol)]
            found += [measure(one, ours, bare, rounds) for one in measured]
    return found


class _Client:
    """One connection to a server over HTTP, for requests of one protocol."""

    def __init__(self, url: str, protocol: str) -> None:
        self._protocol = protocol
        self._host = url.removeprefix("http://").removesuffix("/mcp")
        host, _, port = self._host.partition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb")

    def seconds(self, tool: str, arguments: dict[str, Any], at_once: int) -> float:
        """Return the seconds until a call is answered.

        Raises:
            SystemExit: it failed.
        """
        assert at_once == 1
        request = _request(self._host, {"name": tool, "arguments": arguments}, self._protocol)
        begin = time.perf_counter()
        self._socket.sendall(request)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._answers.readline().lower()
        answer = self._body(head)
        took = time.perf_counter() - begin
        if b'"isError":false' not in answer:
            raise SystemExit(f"{tool} failed: {answer[:500]!r}")
        return took

    def _body(self, head: bytes) -> bytes:
        if b"content-length:" in head:
            return self._answers.read(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
        pieces = []
        while size := int(self._answers.readline(), 16):
            pieces.append(self._answers.read(size + 2)[:-2])
        self._answers.readline()
        return b"".join(pieces)

    def close(self) -> None:
        """Close the connection."""
        self._answers.close()
        self._socket.close()


def _request(host: str, call: dict[str, Any], protocol: str = _PROTOCOLS[0]) -> bytes:
    named = ""
    if protocol == _PROTOCOLS[1]:
        named = f"Mcp-Method: tools/call\r\nMcp-Name: {call['name']}\r\n"
        about = {"protocolVersion": protocol, "clientCapabilities": {}}
        call = call | {"_meta": {f"io.modelcontextprotocol/{name}": value for name, value in about.items()}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}).encode()
    head = (
        f"POST /mcp HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Content-Type: application/json\r\n"
        f"Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: {protocol}\r\n{named}"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _press(url: str, clients: int, seconds: float) -> tuple[list[float], int]:
    """Return the seconds of each call, and how many failed."""
    host, _, port = url.removeprefix("http://").removesuffix("/mcp").partition(":")
    request = _request(f"{host}:{port}", _CALL)
    took: list[float] = []
    failed = 0
    end = time.perf_counter() + seconds

    async def one() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 22)
        while (begin := time.perf_counter()) < end:
            writer.write(request)
            answer = await _answer(reader)
            took.append(time.perf_counter() - begin)
            failed += b'"isError":false' not in answer
        writer.close()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(clients):
            tasks.create_task(one())
    return took, failed


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b"content-length:" in head:
        return await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
    parts = []
    while size := int((await reader.readuntil(b"\r\n")), 16):
        parts.append((await reader.readexactly(size + 2))[:-2])
    await reader.readexactly(2)
    return b"".join(parts)


def _environment(webhook: str, folder: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("B24_")}
    own = {"B24_WEBHOOK_URL": webhook, "B24_DATA_DIR": folder, "HOME": folder, "B24_HTTP_TOKEN": TOKEN}
    return kept | own | {"B24_PLAN": "none", "B24_DOCS": "off", "B24_STATE": "memory"} | python_path()


@contextmanager
def _ours(webhook: str) -> Iterator[str]:
    with tempfile.TemporaryFile("w+") as log, tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "b24_mcp", "serve", "--http", "--port", "0"]
        process = subprocess.Popen(command, stderr=log, env=_environment(webhook, folder), cwd=folder)
        try:
            yield address(process, log)
        finally:
            process.terminate()
            process.wait()


@contextmanager
def _bare(webhook: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", _BARE_HTTP, str(port)]
        process = subprocess.Popen(
            command, env=_environment(webhook, folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            for _ in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
