"""Measure the time from process start to the first answer, against the smallest possible server.

The first message is `initialize`, or `server/discover` of the protocol of 2026.

Both are started in turn, so that a slow moment of the machine affects both. The result is the ratio of the medians.
Usage: python benchmarks/start.py [ROUNDS]
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ONE_TOOL_SERVER = '''
from mcp.server.mcpserver import MCPServer
server = MCPServer("one")

@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b

server.run("stdio")
'''
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "stopwatch", "version": "1"},
    },
}
DISCOVER = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "server/discover",
    "params": {
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "stopwatch", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    },
}
SERVERS = {"one tool": ["-c", ONE_TOOL_SERVER], "b24-mcp": ["-m", "b24_mcp"]}


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    for message in (INITIALIZE, DISCOVER):
        show(rounds, message)


def show(rounds: int, message: dict[str, Any]) -> None:
    """Print the times until the answer to one message."""
    times = in_turn(rounds, {}, message)
    walls = {name: [wall for wall, _ in one] for name, one in times.items()}
    processors = {name: [processor for _, processor in one] for name, one in times.items()}
    print(f"process start to `{message['method']}`, {rounds} rounds in turn, seconds")
    print(f"{'':10}{'min':>8}{'median':>8}{'max':>8}{'cpu min':>10}{'cpu med':>9}")
    for name in SERVERS:
        print(f"{name:10}{min(walls[name]):8.3f}{statistics.median(walls[name]):8.3f}{max(walls[name]):8.3f}", end="")
        print(f"{min(processors[name]):10.3f}{statistics.median(processors[name]):9.3f}")
    print(f"ratio of medians: wall {ratio(walls):.2f}, processor {ratio(processors):.2f} (aim: at most 1.05)")


def in_turn(
    rounds: int, variables: dict[str, str], message: dict[str, Any] = INITIALIZE
) -> dict[str, list[tuple[float, float]]]:
    """Return the wall and processor seconds of each start, with more variables of the environment."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in SERVERS}
    for number in range(rounds + 1):
        for name, arguments in SERVERS.items():
            took = start(arguments, variables, message)
            if number:  # the first round only warms the caches
                times[name].append(took)
    return times


def ratio(figures: dict[str, list[float]]) -> float:
    """Return the ratio of the medians of b24-mcp and of the smallest server."""
    return statistics.median(figures["b24-mcp"]) / statistics.median(figures["one tool"])


def start(arguments: list[str], variables: dict[str, str], message: dict[str, Any]) -> tuple[float, float]:
    """Start a server, send a message, and return wall and processor seconds until the answer."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("B24_")} | {
        "B24_DOCS": "off"
    }
    environment |= variables
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=Path(__file__).parent.parent,  # the server of this source tree
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()
    answer = json.loads(process.stdout.readline())
    wall = time.perf_counter() - begin
    assert answer["result"]["capabilities"]
    processor = processor_seconds(process.pid)
    process.stdin.close()
    process.wait()
    process.stdout.close()
    return wall, processor


def processor_seconds(pid: int) -> float:
    """Return user and system time of a running process; 0 on a system without /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
