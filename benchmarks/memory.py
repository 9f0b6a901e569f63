"""Measure the memory of a server at rest and after mixed work, and the processor time of an idle one.

Both are processes that speak over stdio. Mixed work is calls, pages, batches, descriptions and searches in turn.
Usage: python -m benchmarks.memory [--rounds N] [--idle SECONDS] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.calls import BARE_SERVER, MEASURED, Server, plain_portal
from benchmarks.start import processor_seconds

_TURNS = 6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--idle", type=float, default=5.0)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = figures(asked.rounds, asked.idle)
    if asked.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{'':8}{'started':>9}{'one call':>10}  after each {asked.rounds // _TURNS} rounds of work, MB; seconds idle")
    for one in found:
        turns = " ".join(f"{size:.0f}" for size in one["after"])
        print(f"{one['name']:8}{one['started']:9.1f}{one['one_call']:10.1f}   {turns}; {one['idle_seconds']:.2f}")


def figures(rounds: int, idle: float) -> list[dict[str, Any]]:
    """Return the megabytes of both servers, and their processor seconds while nobody asks."""
    with ExitStack() as stack:
        webhook = stack.enter_context(plain_portal())
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        kept = {name: value for name, value in os.environ.items() if not name.startswith("B24_")}
        own = {
            "B24_WEBHOOK_URL": webhook,
            "B24_DATA_DIR": folder,
            "HOME": folder,
            "B24_PLAN": "none",
            "B24_DOCS": "off",
        }
        found = []
        for name, arguments in (("bare", ["-c", BARE_SERVER]), ("ours", ["-m", "b24_mcp"])):
            server = Server(arguments, kept | own)
            stack.callback(server.close)
            found.append({"name": name} | _of(server, name, rounds, idle))
    return found


def _of(server: Server, name: str, rounds: int, idle: float) -> dict[str, Any]:
    started = megabytes(server.pid)
    works = [getattr(one, name) for one in MEASURED]
    tool, arguments = works[0]
    server.seconds(tool, arguments, 1)
    one_call = megabytes(server.pid)
    after = []
    for _ in range(_TURNS):
        for _ in range(rounds // _TURNS):
            for tool, arguments in works:
                server.seconds(tool, arguments, 1)
        after.append(megabytes(server.pid))
    before = processor_seconds(server.pid)
    time.sleep(idle)
    used = processor_seconds(server.pid) - before
    return {"started": started, "one_call": one_call, "after": after, "idle_seconds": used}


def megabytes(pid: int) -> float:
    """Return the memory that a process uses now; 0 on a system without /proc."""
    try:
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


if __name__ == "__main__":
    main()
