"""Measure rows a second and memory for a long list and for many updates, beside SDKs by other authors.

The portal answers without a database (`benchmarks.rows_portal`), and no client waits for the limits of a plan, so the
clients are what is measured. Each runs in a process of its own, one after another. Two parts of our writes are measured
alone: requests whose bodies were made before, one after another, and the statements of the journal. The SDKs run if
`.venv-sdk` is there (`make sdk`); B24_SDK_PYTHON names another interpreter that has them.
Usage: python -m benchmarks.rows [--rows N] [--writes N] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.calls import Server

ROOT = Path(__file__).parent.parent
OURS = "b24-mcp"
CLIENTS = (OURS, "fast_bitrix24", "b24pysdk")
_REQUESTS, _JOURNAL = "only requests", "only journal"
_PATIENCE = 900.0
_A_BATCH = 50
_A_PAGE = 500


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--writes", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = figures(asked.rows, asked.writes)
    if asked.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{'':14}{'':8}{'rows':>10}{'seconds':>9}{'rows/s':>9}{'cpu s':>8}{'MB':>7}")
    for one in found:
        if one.get("ended"):
            print(f"{one['client']:14}{one['work']:8}  {one['ended']}")
            continue
        speed = one["rows"] / one["seconds"]
        print(f"{one['client']:14}{one['work']:8}{one['rows']:>10,}{one['seconds']:9.1f}{speed:9,.0f}", end="")
        print(f"{one['processor']:8.1f}{one['megabytes']:7.0f}")


def figures(rows: int, writes: int) -> list[dict[str, Any]]:
    """Return what each client needed to read all rows and to write some."""
    found = []
    with rows_portal(rows) as portal:
        for work_name, count in (("read", rows), ("write", writes)):
            parts = (_REQUESTS, _JOURNAL) if work_name == "write" else ()
            for client in CLIENTS + parts:
                python = sys.executable if client in (OURS, *parts) else others_python()
                if python is not None and count:
                    found.append({"client": client, "work": work_name} | _run(client, python, work_name, count, portal))
    return found


@contextmanager
def rows_portal(rows: int) -> Iterator[dict[str, str]]:
    """Serve the portal; yield the address of its webhook and the path of its certificate."""
    command = [sys.executable, "-m", "benchmarks.rows_portal", str(rows)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as portal:
        assert portal.stdout is not None
        assert portal.stdin is not None
        yield json.loads(portal.stdout.readline())
        portal.stdin.close()


def others_python() -> str | None:
    """Return an interpreter that has the SDKs of other authors; None without one."""
    named = os.environ.get("B24_SDK_PYTHON")
    found = ROOT / ".venv-sdk" / "bin" / "python"
    return named or (str(found) if found.exists() else None)


def _run(client: str, python: str, work_name: str, count: int, portal: dict[str, str]) -> dict[str, Any]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith("B24_")
    }
    environment |= {"SSL_CERT_FILE": portal["ca"], "REQUESTS_CA_BUNDLE": portal["ca"], "PYTHONPATH": str(ROOT)}
    command = [python, "-m", "benchmarks.rows", "work", client, work_name, str(count), portal["webhook"], portal["ca"]]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return {"ended": f"not finished after {_PATIENCE:.0f} s"}
    if done.returncode:
        return {"ended": (done.stderr.strip().splitlines() or ["it failed"])[-1][:200]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


# --- Clients, each in a separate process -------------------------------------------------------------------------


def work(client: str, work_name: str, count: int, webhook: str, ca: str) -> None:
    """Read or write, count, and print the time and memory."""
    import resource

    begin = time.perf_counter()
    if work_name == "read":
        reader = {OURS: _read, "b24pysdk": _read_b24pysdk, "fast_bitrix24": _read_fast_bitrix24}[client]
        done = reader(webhook, ca)
        took = time.perf_counter() - begin
    else:
        writers = {OURS: _write, "b24pysdk": _write_b24pysdk, "fast_bitrix24": _write_fast_bitrix24}
        writer = (writers | {_REQUESTS: _write_requests, _JOURNAL: _write_journal})[client]
        took, done = writer(webhook, ca, count)
    if done < count:
        raise SystemExit(f"only {done} of {count} rows")
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    # Of this process not `ru_maxrss`: a new process begins with that of its parent.
    megabytes = max(_largest(), used[1].ru_maxrss / 1024)
    processor = sum(one.ru_utime + one.ru_stime for one in used)
    print(json.dumps({"rows": done, "seconds": took, "processor": processor, "megabytes": megabytes}))


def _largest() -> float:
    """Return the most megabytes that this process has used; 0 on a system without /proc."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def _read(webhook: str, ca: str) -> int:
    from b24_mcp.rest import Portal, PortalOptions, parse_webhook

    async def read() -> int:
        portal = Portal(parse_webhook(webhook), PortalOptions(plan="none", ca_bundle=Path(ca)))
        try:
            return sum([len([row["ID"] for row in page]) async for page in portal.listing("crm.deal.list")])
        finally:
            await portal.aclose()

    return asyncio.run(read())


def _read_b24pysdk(webhook: str, ca: str) -> int:
    return len([row["ID"] for row in _token(webhook).call_list_fast("crm.deal.list", {})["result"]])


def _read_fast_bitrix24(webhook: str, ca: str) -> int:
    return len([row["ID"] for row in _fast(webhook).get_all("crm.deal.list")])


def _write(webhook: str, ca: str, count: int) -> tuple[float, int]:
    """Update the rows of a data set with the tool of a running server, the journal on the disk included."""
    with tempfile.TemporaryDirectory() as folder:
        own = {"B24_WEBHOOK_URL": webhook, "B24_CA_BUNDLE": ca, "B24_DATA_DIR": folder, "HOME": folder}
        own |= {"B24_PLAN": "none", "B24_ACCESS": "full", "B24_AUDIT": "off", "B24_DOCS": "off"}
        environment = os.environ | own
        select = '{"select": ["ID"]}'
        _command(["list", "crm.deal.list", "-p", select, "--limit", str(count), "--save-as", "deals"], environment)
        server = Server(["-m", "b24_mcp"], environment)
        try:
            server.answer("query_records", {"sql": "SELECT count(*) FROM deals"})
            begin = time.perf_counter()
            params = {"id": "$ID", "fields": {"COMMENTS": "Checked"}}
            sql = f"SELECT ID FROM deals ORDER BY ID LIMIT {count}"
            asked = {"method": "crm.deal.update", "sql": sql, "params": params}
            answer = server.answer("apply_records", asked)
            while answer.get("running"):
                answer = server.answer("apply_records", asked)
            return time.perf_counter() - begin, int(answer["succeeded"])
        finally:
            server.close()


def _write_requests(webhook: str, ca: str, count: int) -> tuple[float, int]:
    """Send the batches of the same updates, whose bodies are ready, over the connections of this program."""
    from b24_mcp.rest.wire.transport import Transport

    commands = [f"crm.deal.update?id={number}&fields[COMMENTS]=Checked" for number in range(1, count + 1)]
    batches = [commands[first : first + _A_BATCH] for first in range(0, count, _A_BATCH)]
    bodies = [
        json.dumps({"halt": 0, "cmd": {f"row{place}": one for place, one in enumerate(batch)}}).encode()
        for batch in batches
    ]

    async def send() -> float:
        transport = Transport(seconds=30, largest_answer=1 << 24, ca_bundle=Path(ca), https=True, host=None)
        try:
            await transport.post(f"{webhook}batch", bodies[0], "json")
            begin = time.perf_counter()
            for body in bodies:
                assert (await transport.post(f"{webhook}batch", body, "json")).status == 200
            return time.perf_counter() - begin
        finally:
            await transport.aclose()

    return asyncio.run(send()), count


def _write_journal(webhook: str, ca: str, count: int) -> tuple[float, int]:
    """Run the statements of the journal of such a job, without a request."""
    from b24_mcp.records import JobRow, Journal, RecordsFile, RowOutcome

    numbers = range(1, count + 1)
    pages = [numbers[first : first + _A_PAGE] for first in range(0, count, _A_PAGE)]
    call = '["crm.deal.update",{"id":%d,"fields":{"COMMENTS":"Checked"}},"v2"]'
    planned = [[JobRow(one, [one], call % one, id=str(one)) for one in page] for page in pages]
    sent = [numbers[first : first + _A_BATCH] for first in range(0, count, _A_BATCH)]
    outcomes = [[RowOutcome(one, True, "yes", id=str(one)) for one in rows] for rows in sent]

    async def write(path: Path) -> float:
        store = RecordsFile(path)
        journal = Journal(store)
        job = await journal.begin("job")
        begin = time.perf_counter()
        for page, rows in zip(pages, planned, strict=True):
            await journal.add(job, page[0], [[one] for one in page])
            await journal.plan(job, rows)
        for batch, done in zip(sent, outcomes, strict=True):
            await journal.mark_sent(job, batch)
            await journal.settle(job, done)
        took = time.perf_counter() - begin
        await store.aclose()
        return took

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(write(Path(folder) / "records" / "x.db")), count


def _command(arguments: list[str], environment: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "b24_mcp", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise SystemExit(done.stderr[-500:])
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _write_b24pysdk(webhook: str, ca: str, count: int) -> tuple[float, int]:
    begin = time.perf_counter()
    calls = [("crm.deal.update", {"id": number, "fields": {"COMMENTS": "Checked"}}) for number in range(1, count + 1)]
    done = len(_token(webhook).call_batches(calls)["result"]["result"])
    return time.perf_counter() - begin, done


def _write_fast_bitrix24(webhook: str, ca: str, count: int) -> tuple[float, int]:
    begin = time.perf_counter()
    calls = [{"ID": number, "fields": {"COMMENTS": "Checked"}} for number in range(1, count + 1)]
    done = len(_fast(webhook).call("crm.deal.update", calls))
    return time.perf_counter() - begin, done


def _token(webhook: str) -> Any:
    from urllib.parse import urlsplit

    from b24pysdk import BitrixWebhook

    address = urlsplit(webhook)
    return BitrixWebhook(domain=address.netloc, webhook_token=address.path.removeprefix("/rest/").strip("/"))


def _fast(webhook: str) -> Any:
    from fast_bitrix24 import Bitrix

    # Without its velocity policy version 1.8.14 fails, so it gets limits that it never reaches.
    return Bitrix(webhook, verbose=False, request_pool_size=100_000, requests_per_second=100_000.0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["work"]:
        work(sys.argv[2], sys.argv[3], int(sys.argv[4]), *sys.argv[5:7])
    else:
        main()
