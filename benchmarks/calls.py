"""Measure what the server adds to a call, beside a bare server of the same SDK that makes the same httpx call.

Both servers are processes that speak over stdio, asked in turn, so that a slow moment of the machine affects both. The
portal answers from memory (`benchmarks.plain_portal`).
Usage: python -m benchmarks.calls [--rounds N] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

BARE_SERVER = '''
import json, os
import httpx
from mcp.server.mcpserver import MCPServer
server = MCPServer("bare")
client = httpx.AsyncClient(base_url=os.environ["B24_WEBHOOK_URL"])

@server.tool(structured_output=False)
async def call_method(method: str, params: dict) -> str:
    """Call a method."""
    return (await client.post(method + ".json", json=params)).text

@server.tool(structured_output=False)
async def empty(query: str) -> str:
    """Return the text."""
    return query

server.run("stdio")
'''
_DEAL = ("crm.deal.get", {"id": 5})
_PAGE = (
    "crm.deal.list",
    {"select": ["ID", "TITLE", "STAGE_ID", "OPPORTUNITY", "ASSIGNED_BY_ID"], "filter": {">ID": 0}},
)
_COMMANDS = {f"deal{number}": ("crm.deal.get", {"id": number}) for number in range(1, 51)}


@dataclass(frozen=True)
class Measured:
    """One measurement: the same work for both servers. `at_once` requests are sent before the first answer is read."""

    name: str
    ours: tuple[str, dict[str, Any]]
    bare: tuple[str, dict[str, Any]]
    aim: str
    at_once: int = 1


def _call(name: str, call: tuple[str, dict[str, Any]], aim: str, at_once: int = 1) -> Measured:
    arguments = {"method": call[0], "params": call[1]}
    return Measured(name, ("call_method", arguments), ("call_method", arguments), aim, at_once)


def _commands(name: str) -> dict[str, Any]:
    method, params = _COMMANDS[name]
    return {"method": method, "params": params}


MEASURED = (
    _call("a call", _DEAL, "at most 0.5 ms over it"),
    _call("a page of 50 rows", _PAGE, "at most 1 ms over it"),
    _call("32 calls at once", _DEAL, "at most 1.2 times", 32),
    Measured(
        "a batch of 50",
        ("batch_call", {"commands": {name: _commands(name) for name in _COMMANDS}}),
        (
            "call_method",
            {
                "method": "batch",
                "params": {
                    "halt": 0,
                    "cmd": {name: f"crm.deal.get?id={call[1]['id']}" for name, call in _COMMANDS.items()},
                },
            },
        ),
        "at most 5 ms over it",
    ),
    Measured(
        "describe_method",
        ("describe_method", {"method": "crm.deal.add"}),
        ("empty", {"query": "a"}),
        "at most 1.5 ms over it",
    ),
    Measured(
        "find_methods", ("find_methods", {"query": "add a deal"}), ("empty", {"query": "a"}), "at most 1.5 ms over it"
    ),
)


class Server:
    """A server process and its pipes."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        self._number = 0
        said = {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "stopwatch", "version": "1"},
        }
        self._send("initialize", said)
        self._read()
        self._write({"jsonrpc": "2.0", "method": "notifications/initialized"})

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def seconds(self, tool: str, arguments: dict[str, Any], at_once: int) -> float:
        """Return the seconds until the last of `at_once` equal calls is answered.

        Raises:
            SystemExit: a call failed.
        """
        begin = time.perf_counter()
        for _ in range(at_once):
            self._send("tools/call", {"name": tool, "arguments": arguments})
        answers = [self._read() for _ in range(at_once)]
        took = time.perf_counter() - begin
        for answer in answers:
            if answer.get("error") or answer["result"].get("isError"):
                raise SystemExit(f"{tool} failed: {json.dumps(answer)[:500]}")
        return took

    def answer(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the answer of one call, which is an object."""
        self._send("tools/call", {"name": tool, "arguments": arguments})
        answer: dict[str, Any] = json.loads(self._read()["result"]["content"][0]["text"])
        return answer

    def listed(self) -> float:
        """Return the seconds until the tools are listed."""
        begin = time.perf_counter()
        self._send("tools/list", {})
        self._read()
        return time.perf_counter() - begin

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _send(self, method: str, params: dict[str, Any]) -> None:
        self._number += 1
        self._write({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})

    def _write(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        while True:
            message: dict[str, Any] = json.loads(self._process.stdout.readline())
            if "id" in message and "method" not in message:
                return message


@contextmanager
def plain_portal() -> Iterator[str]:
    """Serve a portal that answers from memory; yield the address of its webhook."""
    command = [sys.executable, "-m", "benchmarks.plain_portal"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as portal:
        assert portal.stdout is not None
        assert portal.stdin is not None
        yield portal.stdout.readline().strip()
        portal.stdin.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = figures(asked.rounds)
    if asked.json:
        print(json.dumps(found, indent=1))
        return
    print(f"medians of {asked.rounds} rounds in turn, milliseconds")
    print(f"{'':20}{'ours':>8}{'bare':>8}{'more':>8}{'times':>7}  aim")
    for one, its in zip(MEASURED, found, strict=True):
        print(f"{one.name:20}{its['ours']:8.2f}{its['bare']:8.2f}{its['more']:8.2f}{its['times']:7.2f}  {one.aim}")


def figures(rounds: int) -> list[dict[str, Any]]:
    """Return what was measured of each kind of call."""
    with ExitStack() as stack:
        webhook = stack.enter_context(plain_portal())
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        kept = {name: value for name, value in os.environ.items() if not name.startswith("B24_")}
        own = {
            "B24_WEBHOOK_URL": webhook,
            "B24_PLAN": "none",
            "B24_DOCS": "off",
            "B24_DATA_DIR": folder,
            "HOME": folder,
        }
        environment = kept | own
        ours, bare = Server(["-m", "b24_mcp"], environment), Server(["-c", BARE_SERVER], environment)
        stack.callback(ours.close)
        stack.callback(bare.close)
        return [measure(one, ours, bare, rounds) for one in MEASURED]


class Timed(Protocol):
    """A server that can be asked."""

    def seconds(self, tool: str, arguments: dict[str, Any], at_once: int) -> float:
        """Return the seconds until the last of `at_once` equal calls is answered."""
        ...


def measure(one: Measured, ours: Timed, bare: Timed, rounds: int) -> dict[str, Any]:
    """Return the medians of both servers in milliseconds, and their difference and ratio."""
    took: dict[str, list[float]] = {"ours": [], "bare": []}
    for number in range(rounds + 3):
        for name, server, (tool, arguments) in (("bare", bare, one.bare), ("ours", ours, one.ours)):
            seconds = server.seconds(tool, arguments, one.at_once)
            if number >= 3:  # the first rounds only warm the caches
                took[name].append(seconds * 1000)
    medians = {name: statistics.median(values) for name, values in took.items()}
    more = statistics.median(mine - its for mine, its in zip(took["ours"], took["bare"], strict=True))
    return {"name": one.name, **medians, "more": more, "times": medians["ours"] / medians["bare"]}


if __name__ == "__main__":
    main()
