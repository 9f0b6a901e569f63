"""Check that each row of a job is executed exactly once, or named as unknown, while requests fail and processes die.

A sandbox portal with plain deals breaks a share of all requests. `b24-mcp apply` updates every deal. The process is
killed (SIGKILL) several times while it sends, and the same command continues. Afterwards the executions of the portal
are compared with the data set of outcomes: no row may be executed twice, none may be lost, and each that is reported as
done or failed must be so. A second process makes the same call at the same time once.
Usage: python -m benchmarks.apply [ROWS] [SHARE] [KILLS] [SEED]
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.portals import WatchedSandbox, served

SLOW_SECONDS = 1.0
PATIENCE_SECONDS = 0.6
"""Shorter than a slow response, so that slow responses time out."""
_MARKER = re.compile(r"applied-(\d+)-end")
_ROOT = Path(__file__).parent.parent


@dataclass
class ApplyReport:
    """The outcome of each row by its number, how often the portal executed it, and what the processes used."""

    rows: int
    outcomes: dict[int, tuple[bool, str]] = field(default_factory=dict)
    executed: Counter[int] = field(default_factory=Counter)
    kills: int = 0
    beside: str = ""
    seconds: float = 0.0
    megabytes: float = 0.0
    answer: dict[str, Any] = field(default_factory=dict)

    def wrongs(self) -> dict[str, int]:
        """Return each kind of false outcome, and how often it happened."""
        told = self.outcomes.items()
        return {
            "rows without an outcome": self.rows - len(self.outcomes),
            "executed twice": sum(count > 1 for count in self.executed.values()),
            "reported as done, not executed": sum(ok and not self.executed[row] for row, (ok, _) in told),
            "reported as not executed, but executed": sum(
                not ok and said == "no" and self.executed[row] > 0 for row, (ok, said) in told
            ),
        }

    @property
    def unknown(self) -> int:
        """The number of rows that are named as unknown."""
        return sum(said == "unknown" for _, said in self.outcomes.values())


def run(rows: int, share: float, kills: int, seed: int) -> ApplyReport:
    """Run the scene and compare."""
    report = ApplyReport(rows)
    sandbox = WatchedSandbox(fault_share=0.0, seed=seed, slow_seconds=SLOW_SECONDS, deals=rows, control=True)
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder, served(sandbox) as address:
        environment = os.environ | {
            "B24_WEBHOOK_URL": address,
            "B24_DATA_DIR": folder,
            "B24_STATE": str(Path(folder) / "limits.db"),
            "B24_AUDIT": "off",
            "B24_ACCESS": "full",
            "B24_PLAN": "none",
        }
        select = '{"select": ["ID", "TITLE"]}'
        _finished(["list", "crm.deal.list", "-p", select, "--limit", str(rows), "--save-as", "deals"], environment)
        sandbox.fault_share = share
        environment["B24_TIMEOUT"] = str(PATIENCE_SECONDS)
        command = ["apply", "crm.deal.update", "--sql", f"SELECT ID FROM deals ORDER BY ID LIMIT {rows}"]
        command += ["-p", '{"id": "$ID", "fields": {"COMMENTS": "applied-${ID}-end"}}', "--save-as", "outcomes"]
        begin = time.perf_counter()
        for number in range(1, kills + 1):
            process = _started(command, environment)
            _wait_for_rows(sandbox, rows * number // (kills + 2), process)
            if number == 1:
                report.beside = _finished(command, environment).get("notes", [""])[0]
            time.sleep(dice.random() * 0.2)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                report.kills += 1
            process.communicate()
        report.answer = _until_finished(command, environment, report)
        report.seconds = time.perf_counter() - begin
        sandbox.fault_share = 0.0
        sandbox.faults.clear()
        time.sleep(2 * SLOW_SECONDS)  # what the portal does after its connection was cut
        report.executed = executions_of(sandbox)
        report.outcomes = outcomes_in(environment, folder)
    return report


def _megabytes(process: int) -> float:
    """Return the largest memory that a process has used so far; 0 where the system does not tell."""
    with contextlib.suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
        return int(found[1]) / 1024 if found else 0.0
    return 0.0


def executions_of(sandbox: WatchedSandbox) -> Counter[int]:
    """Return how often the portal executed the update of each row."""
    found: Counter[int] = Counter()
    assert sandbox.portal.executions is not None
    for entry in sandbox.portal.executions.entries:
        if entry.method == "crm.deal.update" and entry.error is None and (marker := _MARKER.search(entry.params)):
            found[int(marker[1])] += 1
    return found


def outcomes_in(environment: dict[str, str], folder: str) -> dict[int, tuple[bool, str]]:
    """Return the outcome of each row from the data set of outcomes."""
    import sqlite3

    (path,) = (Path(folder) / "records").glob("*.db")
    db = sqlite3.connect(path)
    try:
        return {int(id_): (bool(ok), said) for id_, ok, said in db.execute("SELECT id, ok, executed FROM outcomes")}
    finally:
        db.close()


def _until_finished(command: list[str], environment: dict[str, str], report: ApplyReport) -> dict[str, Any]:
    """Make the same call until it ends. It may stop early when the portal fails too often in a row."""
    for _ in range(50):
        process = _started(command, environment)
        while process.poll() is None:
            report.megabytes = max(report.megabytes, _megabytes(process.pid))
            time.sleep(0.1)
        out, errors = process.communicate()
        if not out:
            raise SystemExit(f"A process failed:\n{errors[-3_000:]}")
        answer: dict[str, Any] = json.loads(out)
        if "records" in answer:
            return answer
    raise SystemExit(f"The job did not end: {json.dumps(answer)[:2_000]}")


def _started(command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "b24_mcp", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        env=environment,
    )


def _finished(command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    out, errors = _started(command, environment).communicate()
    if not out:
        raise SystemExit(f"A process failed:\n{errors[-3_000:]}")
    answer: dict[str, Any] = json.loads(out)
    return answer


def _wait_for_rows(sandbox: WatchedSandbox, rows: int, process: subprocess.Popen[str]) -> None:
    """Wait until the portal has executed this number of rows."""
    while process.poll() is None and len(executions_of(sandbox)) < rows:
        time.sleep(0.05)


def main() -> None:
    """Print the outcome, and exit with 1 if one is wrong."""
    arguments = sys.argv[1:]
    rows = int(arguments[0]) if arguments else 10_000
    share = float(arguments[1]) if len(arguments) > 1 else 0.2
    kills = int(arguments[2]) if len(arguments) > 2 else 3
    seed = int(arguments[3]) if len(arguments) > 3 else 1
    report = run(rows, share, kills, seed)
    done = sum(ok for ok, _ in report.outcomes.values())
    print(f"{rows} rows, {share:.0%} of the requests broken, {report.kills} times killed: {report.seconds:.1f} s")
    print(f"{done} done, {report.unknown} unknown and named, {rows - done - report.unknown} failed")
    hidden = sum(report.executed[row] for row, (_, said) in report.outcomes.items() if said == "unknown")
    print(f"of the unknown rows, {hidden} were executed")
    print(f"a second process at the same time: {report.beside}")
    print(f"largest memory while sending: {report.megabytes:.0f} MB")
    wrongs = report.wrongs()
    for name, count in wrongs.items():
        print(f"{name}: {count}")
    sys.exit(1 if any(wrongs.values()) else 0)


if __name__ == "__main__":
    main()
