"""Measure the time from the answer of `initialize` to the answer of the first call, on a configured portal.

A client lists the tools first, as all do. A bare server that makes the same httpx call is measured too.
Usage: python -m benchmarks.first_call [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from contextlib import ExitStack
from typing import Any

from benchmarks.calls import BARE_SERVER, MEASURED, Server, plain_portal

_SERVERS = {"ours": ["-m", "b24_mcp"], "bare": ["-c", BARE_SERVER]}


def main() -> None:
    """Measure and print."""
    found = figures(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
    print("milliseconds after the answer of `initialize`, medians")
    for name, one in found.items():
        print(f"{name:6} tools/list {one['list']:7.1f}   first call {one['call']:7.1f}")
    print(f"ours later than bare: {found['ours']['call'] - found['bare']['call']:.0f} ms (aim: at most 300 ms)")


def figures(rounds: int) -> dict[str, dict[str, float]]:
    """Return the milliseconds until the tools are listed and until the first call is answered."""
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in _SERVERS}
    with ExitStack() as stack:
        webhook = stack.enter_context(plain_portal())
        for number in range(rounds + 1):
            for name, arguments in _SERVERS.items():
                with tempfile.TemporaryDirectory() as folder:
                    one = _first(arguments, webhook, folder)
                if number:  # the first round only warms the caches
                    took[name].append(one)
    return {
        name: {
            "list": statistics.median(listed for listed, _ in one) * 1000,
            "call": statistics.median(called for _, called in one) * 1000,
        }
        for name, one in took.items()
    }


def _first(arguments: list[str], webhook: str, folder: str) -> tuple[float, float]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("B24_")}
    own = {"B24_WEBHOOK_URL": webhook, "B24_DATA_DIR": folder, "HOME": folder, "B24_PLAN": "none", "B24_DOCS": "off"}
    server = Server(arguments, kept | own)
    try:
        listed = server.listed()
        tool, given = _call()
        return listed, listed + server.seconds(tool, given, 1)
    finally:
        server.close()


def _call() -> tuple[str, dict[str, Any]]:
    return MEASURED[1].ours  # a page of a list


if __name__ == "__main__":
    main()
