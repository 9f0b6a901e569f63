"""Check that several processes together keep a portal's rate limit, and lose little time.

They share one portal on the basic plan: 50 requests at once, 2 a second after that. No request may be refused, and all
of them should take about as long as the plan makes them take.
Usage: python -m benchmarks.limits [CALLS] [PROCESSES]
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from b24_mcp.rest import Portal, PortalOptions, parse_webhook
from b24_mcp.state import open_state
from benchmarks.portals import WatchedSandbox, served

CAPACITY, RATE = 50, 2


def main() -> None:
    """Run and print; fail when a request was refused."""
    calls, processes = [*map(int, sys.argv[1:]), *[400, 4][len(sys.argv) - 1 :]]
    sandbox = WatchedSandbox(plan="basic")
    with tempfile.TemporaryDirectory() as folder, served(sandbox) as address:
        begin = time.perf_counter()
        command = [sys.executable, "-m", "benchmarks.limits", "worker", str(Path(folder) / "limits.db")]
        workers = [
            subprocess.Popen(
                [*command, str(calls // processes)],
                cwd=Path(__file__).parent.parent,
                env=os.environ | {"ADDRESS": address},
            )
            for _ in range(processes)
        ]
        codes = [worker.wait() for worker in workers]
        seconds = time.perf_counter() - begin
    allowed = (calls - CAPACITY) / RATE
    print(f"{calls} calls from {processes} processes in {seconds:.1f} s; the plan allows them in {allowed:.1f} s")
    print(f"answered {sandbox.statuses[200]}, refused (503) {sandbox.statuses[503]}, ratio {seconds / allowed:.3f}")
    if any(codes) or sandbox.statuses[503] or sandbox.statuses[200] != calls:
        raise SystemExit(1)


async def work(state: str, calls: int) -> None:
    """Run one process: all its calls at once, each waiting for its place."""
    options = PortalOptions(plan="basic", deadline=3_600)
    portal = Portal(parse_webhook(os.environ["ADDRESS"]), options, state=open_state(state))
    await asyncio.gather(*(portal.call("server.time") for _ in range(calls)))
    await portal.aclose()


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        asyncio.run(work(sys.argv[2], int(sys.argv[3])))
    else:
        main()
