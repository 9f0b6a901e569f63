"""Measure everything that has an aim, beside a bare server of the same SDK and other SDKs, and print one table.

Run it on a machine that does nothing else: ratios of one run compare, seconds do not.
Usage: python -m benchmarks [--quick] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
from datetime import UTC, datetime
from typing import Any

import anyio

from benchmarks import answers, calls, first_call, http_clients, memory, rows, start
from benchmarks.jobs.__main__ import as_object
from benchmarks.jobs.all import JOBS
from benchmarks.jobs.run import run_all

_COMPILED: dict[str, str] = {}
_NOT_COMPILED = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": os.devnull}
_STARTS = {
    "bytecode": (_COMPILED, start.INITIALIZE),
    "bytecode, discovery": (_COMPILED, start.DISCOVER),
    "no bytecode": (_NOT_COMPILED, start.INITIALIZE),
    "no bytecode, discovery": (_NOT_COMPILED, start.DISCOVER),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows and rounds")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    part = 10 if asked.quick else 1
    found = {
        "machine": machine(),
        "start": starts(15 if not asked.quick else 3),
        "first call": first_call.figures(7 if not asked.quick else 1),
        "calls": calls.figures(100 // part),
        "calls over HTTP": http_clients.one_client(100 // part),
        "http": http_clients.figures(200, 5.0 / part, 3),
        "memory": memory.figures(240 // part, 5.0),
        "answers": answers.figures(),
        "rows": rows.figures(1_000_000 // part, 20_000 // part),
        "jobs": [as_object(result) for result in anyio.run(run_all, JOBS)],
    }
    print(json.dumps(found, indent=1) if asked.json else table(found))


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def starts(rounds: int) -> dict[str, dict[str, float]]:
    """Return the seconds to start both servers in turn, with and without compiled bytecode."""
    found = {}
    for name, (variables, message) in _STARTS.items():
        times = start.in_turn(max(rounds // (3 if variables else 1), 3), variables, message)
        medians = {server: statistics.median(wall for wall, _ in one) for server, one in times.items()}
        processor = {server: statistics.median(spent for _, spent in one) for server, one in times.items()}
        found[name] = {
            **medians,
            "times": medians["b24-mcp"] / medians["one tool"],
            "times of processor": processor["b24-mcp"] / processor["one tool"],
        }
    return found


def table(found: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    about = found["machine"]
    where = f"{about['cores']} cores, Python {about['python']}, {about['system']}, load {about['load']:.1f}"
    lines = [f"{about['date']}, {where}", ""]
    lines += ["| | ours | bare | difference or ratio | aim |", "|---|---|---|---|---|"]
    for name, one in found["start"].items():
        lines.append(
            f"| start, {name} | {one['b24-mcp']:.2f} s | {one['one tool']:.2f} s | {one['times']:.2f} times "
            f"({one['times of processor']:.2f} of processor time) | 1.05 times |"
        )
    ours, bare = found["first call"]["ours"]["call"], found["first call"]["bare"]["call"]
    lines.append(
        f"| first call after the start | {ours:.0f} ms | {bare:.0f} ms | {ours - bare:.0f} ms more | "
        "at most 300 ms later |"
    )
    called = [*found["calls"], *found["calls over HTTP"]]
    for one, measured in zip(called, (*calls.MEASURED, *http_clients.MEASURED_OVER_HTTP), strict=True):
        lines.append(
            f"| {one['name']} | {one['ours']:.2f} ms | {one['bare']:.2f} ms | {one['more']:.2f} ms more, "
            f"{one['times']:.2f} times | {measured.aim} |"
        )
    bare, ours = found["http"]
    lines.append(
        f"| 200 HTTP clients | {ours['a_second']:.0f} calls/s, median {ours['median']:.0f} ms, "
        f"95 % {ours['most']:.0f} ms | "
        f"{bare['a_second']:.0f} calls/s, median {bare['median']:.0f} ms, 95 % {bare['most']:.0f} ms | "
        f"{ours['median'] / bare['median']:.2f} times, {ours['failed']} failed | – |"
    )
    bare, ours = found["memory"]
    lines.append(
        f"| memory at rest | {ours['started']:.0f} MB | {bare['started']:.0f} MB | "
        f"{ours['started'] / bare['started']:.2f} times | 1.15 times |"
    )
    lines.append(
        f"| memory in mixed work | {' '.join(f'{one:.0f}' for one in ours['after'])} MB | "
        f"{' '.join(f'{one:.0f}' for one in bare['after'])} MB | | flat |"
    )
    lines.append(f"| idle for 5 s | {ours['idle_seconds']:.2f} s | {bare['idle_seconds']:.2f} s | processor time | 0 |")
    for one in found["answers"]:
        lines.append(
            f"| answer of {one['characters'] / 1e6:.2f} M characters | {one['written']:.1f} ms | | "
            "redacted and written; "
            f"parsed in {one['parsed']:.1f} ms | 20 ms for 1 M, linear |"
        )
    lines += ["", "| client | work | rows | seconds | rows/s | processor s | MB |", "|---|---|---|---|---|---|---|"]
    for one in found["rows"]:
        if "ended" in one:
            lines.append(f"| {one['client']} | {one['work']} | {one['ended']} | | | | |")
            continue
        lines.append(
            f"| {one['client']} | {one['work']} | {one['rows']:,} | {one['seconds']:.1f} | "
            f"{one['rows'] / one['seconds']:,.0f} | {one['processor']:.1f} | {one['megabytes']:.0f} |"
        )
    lines += ["", "| job | calls | ideal | characters of answers | of arguments | of the raw JSON |", "|---" * 6 + "|"]
    columns = ("calls", "ideal", "characters", "typed", "raw")
    for one in found["jobs"]:
        wrong = " (not done)" if one["wrong"] else ""
        figures = " | ".join([f"{one[column]:,}" for column in columns])
        lines.append(f"| {one['job']} {one['name']}{wrong} | {figures} |")
    sums = " | ".join([f"{sum([one[column] for one in found['jobs']]):,}" for column in columns])
    lines.append(f"| all | {sums} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
