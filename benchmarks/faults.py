"""Check that the outcome of every call is reported truthfully while requests fail.

Several processes call a sandbox portal that breaks a share of all requests in every way the sandbox can: refusals,
connections cut before, after and while the portal works, half responses, stray bytes after a response, slow responses.
Meanwhile the file of the shared state is overwritten with garbage every few seconds. Afterwards the data of the
portal is compared with the outcomes that each process got. No write may be there twice. None may be there that was
reported as not executed, and none missing that was reported as done. Every read must have been answered. No call may
end after its deadline, and no output may hold the secret. A read that met the same failure of the portal itself twice
(HTTP 500, half a response) counts as answered: it is not requested a third time. A second scene fills all connections
with slow calls on the basic plan: none of the quick calls behind them may be refused.
Usage: python -m benchmarks.faults [CALLS] [PROCESSES] [SHARE] [SEED]
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from b24_mcp.errors import B24Error
from b24_mcp.rest import BatchAnswer, Failed, NotRun, Portal, PortalOptions, Succeeded, parse_webhook
from b24_mcp.state import open_state
from benchmarks.portals import SECRET, WatchedSandbox, served

AT_ONCE = 8
SLOW_SECONDS = 1.0
PATIENCE_SECONDS = 0.6
"""Shorter than a slow response, so that slow responses time out."""
DEADLINE_SECONDS = 55.0
LATE_SECONDS = 2.0
"""How many seconds after its deadline a call may end on a busy machine."""
SPOIL_EVERY_SECONDS = 3.0
FAILED_ALIKE = "failed twice alike"


@dataclass
class Report:
    """Reported outcomes and the data of the portal. `writes` maps a marker to what was reported about it."""

    writes: dict[str, str] = field(default_factory=dict)
    reads: Counter[str] = field(default_factory=Counter)
    stored: Counter[str] = field(default_factory=Counter)
    injected: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    leaks: int = 0
    late: int = 0
    longest: float = 0.0
    spoiled: int = 0

    def wrongs(self) -> dict[str, int]:
        """Return each kind of false report, and how often it happened."""
        told = self.writes.items()
        return {
            "executed twice": sum(count > 1 for count in self.stored.values()),
            "reported as done, not there": sum(said == "done" and not self.stored[marker] for marker, said in told),
            "reported as failed, but there": sum(
                said == "not done" and bool(self.stored[marker]) for marker, said in told
            ),
            "there, but never reported": len(set(self.stored) - set(self.writes)),
            "reads without an answer": sum(
                count for said, count in self.reads.items() if said not in ("answered", FAILED_ALIKE)
            ),
            "calls that ended after their deadline": self.late,
            "secrets in what was printed": self.leaks,
        }


def run(calls: int, processes: int, share: float, seed: int) -> Report:
    """Run the scene and compare."""
    report = Report()
    sandbox = WatchedSandbox(fault_share=share, seed=seed, slow_seconds=SLOW_SECONDS)
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, served(sandbox) as address:
        command = [sys.executable, "-m", "benchmarks.faults", "worker", str(Path(folder) / "limits.db")]
        workers = [
            subprocess.Popen(
                [*command, str(calls // processes), f"{seed}-{number}"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=Path(__file__).parent.parent,
                env=os.environ | {"ADDRESS": address},
            )
            for number in range(processes)
        ]
        # All pipes are read at once: a process that waits for a reader of its pipe answers no call meanwhile.
        with spoiling(Path(folder) / "limits.db", report), ThreadPoolExecutor(processes) as readers:
            printed = list(readers.map(lambda worker: worker.communicate(), workers))
        for worker, (out, errors) in zip(workers, printed, strict=True):
            if worker.returncode:
                raise SystemExit(f"A process failed:\n{errors}")
            report.leaks += (out + errors).count(SECRET)
            for line in out.splitlines():
                take_line(report, json.loads(line))
        report.seconds = time.perf_counter() - begin
        report.injected = sandbox.injected
        time.sleep(2 * SLOW_SECONDS)  # what the portal does after its connection was cut
        sandbox.fault_share = 0.0
        sandbox.faults.clear()
        report.stored = asyncio.run(markers_in(sandbox))
    return report


def take_line(report: Report, line: dict[str, Any]) -> None:
    """Record one outcome that a worker printed: of a write with its marker, or of a read."""
    if "seconds" in line:
        report.longest = max(report.longest, line["seconds"])
        report.late += line["seconds"] > DEADLINE_SECONDS + LATE_SECONDS
    elif "marker" in line:
        report.writes[line["marker"]] = line["said"]
    else:
        report.reads[line["said"]] += 1


@contextmanager
def spoiling(path: Path, report: Report) -> Iterator[None]:
    """Overwrite the file of the shared state with garbage every few seconds."""
    ended = threading.Event()

    def spoil() -> None:
        while not ended.wait(SPOIL_EVERY_SECONDS):
            beside = path.with_name("garbage")
            beside.write_bytes(os.urandom(8_192))
            beside.replace(path)
            report.spoiled += 1

    thread = threading.Thread(target=spoil)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


async def crowd(slow: int = 20, quick: int = 120) -> tuple[int, int]:
    """Return how many calls were answered and refused while slow calls fill all connections on the basic plan."""
    sandbox = WatchedSandbox(plan="basic", slow_seconds=8.0)
    with served(sandbox) as address:
        portal = Portal(parse_webhook(address), PortalOptions(plan="basic", deadline=120))
        sandbox.faults.fail("crm.deal.list", "slow", slow, seconds=8.0)
        calls = [portal.call("crm.deal.list", {"select": ["ID"]}) for _ in range(slow)]
        calls += [portal.call("server.time") for _ in range(quick)]
        await asyncio.gather(*calls)
        await portal.aclose()
    return sandbox.statuses[200], sandbox.statuses[503]


async def markers_in(sandbox: WatchedSandbox) -> Counter[str]:
    """Return how often each marker is in the portal."""
    portal = Portal(parse_webhook(sandbox.webhook_url("http://127.0.0.1")), PortalOptions(plan="none"), app=sandbox)
    found: Counter[str] = Counter()
    start: int | None = 0
    while start is not None:
        params = {
            "filter": {"ORIGINATOR_ID": "benchmark"},
            "select": ["ORIGIN_ID"],
            "order": {"ID": "ASC"},
            "start": start,
        }
        page = await portal.call("crm.deal.list", params)
        found.update(row["ORIGIN_ID"] for row in page.result)
        start = page.next if isinstance(page.next, int) else None
    await portal.aclose()
    return found


async def work(state: str, calls: int, name: str) -> None:
    """Run one process: `calls` calls and batches, some at a time. Print each outcome."""
    options = PortalOptions(plan="none", seconds=PATIENCE_SECONDS, deadline=DEADLINE_SECONDS)
    portal = Portal(parse_webhook(os.environ["ADDRESS"]), options, state=open_state(state))
    dice = random.Random(name)
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, kind: float) -> None:
        async with turns:
            begin = time.perf_counter()
            if kind < 0.35:
                await read(portal, dice)
            elif kind < 0.7:
                await write(portal, f"{name}-{number}")
            else:
                await mixed_batch(portal, f"{name}-{number}", long=kind > 0.97)
            tell(seconds=round(time.perf_counter() - begin, 3))

    await asyncio.gather(*(one(number, dice.random()) for number in range(calls)))
    await portal.aclose()


async def read(portal: Portal, dice: random.Random) -> None:
    """Make a read; anything but an answer is a defect."""
    try:
        await portal.call("crm.deal.get", {"id": dice.randint(1, 400)})
        tell(said="answered")
    except B24Error as exc:
        tell(said=reason_of(exc))


def new_deal(marker: str) -> dict[str, Any]:
    """Return the parameters of a deal with a marker."""
    return {"fields": {"TITLE": marker, "ORIGINATOR_ID": "benchmark", "ORIGIN_ID": marker}}


async def write(portal: Portal, marker: str) -> None:
    """Make a write and print whether it was done, not done, or is unknown."""
    try:
        await portal.call("crm.deal.add", new_deal(marker))
        tell(marker=marker, said="done")
    except B24Error as exc:
        tell(marker=marker, said="not done" if exc.fault.executed == "no" else "unknown")


async def mixed_batch(portal: Portal, name: str, *, long: bool) -> None:
    """Run a batch of writes, reads that depend on them, and reads that do not."""
    commands: dict[str, dict[str, Any]] = {}
    for number in range(20 if long else 2):
        commands[f"add{number}"] = {"method": "crm.deal.add", "params": new_deal(f"{name}-{number}")}
        commands[f"read{number}"] = {"method": "crm.deal.get", "params": {"id": f"$result[add{number}]"}}
        commands[f"list{number}"] = {"method": "crm.lead.list", "params": {"select": ["ID"], "filter": {"ID": 1}}}
    answer = await portal.batch(commands)
    for command, outcome in answer.outcomes.items():
        if command.startswith("add"):
            tell(marker=f"{name}-{command.removeprefix('add')}", said=said_of(outcome))
        elif command.startswith("list"):
            tell(said="answered" if isinstance(outcome, Succeeded) else why(outcome, answer))


def reason_of(error: B24Error) -> str:
    """Return why a read has no answer."""
    fault = error.fault
    if fault.code in ("INTERNAL_SERVER_ERROR", "B24MCP_BAD_ANSWER"):
        return FAILED_ALIKE
    return f"{fault.code}: {fault.message}"


def said_of(outcome: object) -> str:
    """Return what an outcome claims about a write."""
    match outcome:
        case Succeeded():
            return "done"
        case NotRun():
            return "not done"
        case Failed(error=error):
            return "not done" if error.fault.executed == "no" else "unknown"
    raise AssertionError(outcome)


def why(outcome: object, answer: BatchAnswer) -> str:
    """Return why a read of a batch has no answer."""
    if isinstance(outcome, Failed) and reason_of(outcome.error) == FAILED_ALIKE:
        return FAILED_ALIKE
    reason = outcome.reason if isinstance(outcome, NotRun) else ""
    return f"{reason} {answer.error}" if answer.error else reason or str(getattr(outcome, "error", outcome))


def tell(**line: str | float) -> None:
    """Print one outcome for the process that started this one."""
    print(json.dumps(line), flush=True)


def main() -> None:
    """Run, print the table, and fail if a report was false."""
    given = [float(text) for text in sys.argv[1:]]
    calls, processes, share, seed = [*given, *[10_000.0, 4.0, 0.3, 1.0][len(given) :]]
    report = run(int(calls), int(processes), share, int(seed))
    print(f"{calls:.0f} calls and batches from {processes:.0f} processes in {report.seconds:.0f} s")
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(report.injected.items()))
    print(f"faults injected: {sum(report.injected.values())} ({kinds})")
    said = Counter(report.writes.values())
    claims = ", ".join(f"{claim} {said[claim]}" for claim in ("done", "not done", "unknown"))
    print(f"writes: {len(report.writes)}, reported {claims}")
    print(
        f"reads:  {sum(report.reads.values())}, answered {report.reads['answered']}, "
        f"{FAILED_ALIKE} {report.reads[FAILED_ALIKE]}"
    )
    print(f"shared state overwritten with garbage {report.spoiled} times; longest call {report.longest:.1f} s")
    for wrong, count in report.wrongs().items():
        print(f"  {wrong:38} {count}")
    for reason, count in report.reads.most_common(4):
        if reason not in ("answered", FAILED_ALIKE):
            print(f"    {count} x {reason}")
    answered, refused = asyncio.run(crowd())
    print(f"20 slow calls and 120 quick ones on the basic plan: {answered} answered, {refused} refused by the portal")
    if any(report.wrongs().values()) or refused:
        raise SystemExit(1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        asyncio.run(work(sys.argv[2], int(sys.argv[3]), sys.argv[4]))
    else:
        main()
