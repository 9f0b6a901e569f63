"""Measure the time, requests and memory for reading a whole list, beside SDKs by other authors.

A sandbox in a separate process, over TLS, holds the deals. Every request takes 80 ms, every row 1 ms, and every row
that an offset skips 1 µs. It keeps the basic plan: 50 requests at once, then 2 a second. Each client reads the deals in
a separate process. The SDKs run if `.venv-sdk` is there (`make sdk`); B24_SDK_PYTHON names another interpreter that has
them.
Usage: python -m benchmarks.listing [--rows N] [--patience SECONDS] [--only CLIENT …]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LATENCY, ROW_LATENCY, OFFSET_LATENCY = 0.08, 0.001, 0.000001
MOST_REQUESTS, MOST_MEGABYTES = 45, 120
OURS = "b24-mcp"
CLIENTS = (OURS, "b24pysdk", "fast_bitrix24")


def main() -> None:
    """Run every client and print one table. Fail if ours exceeds its limits."""
    asked = _arguments()
    table: dict[str, dict[str, Any]] = {}
    with _sandbox(asked.rows) as portal:
        for client in asked.only or CLIENTS:
            python = sys.executable if client == OURS else _others_python()
            if python is None:
                print(f"{client}: left out, there is no .venv-sdk (make sdk)")
                continue
            _control(portal, "reset")
            time.sleep(27)  # until the bucket of the plan is empty again
            table[client] = _run(client, python, portal, asked.patience)
            table[client]["requests"] = _control(portal, "statuses")
    _print(table, asked.rows)
    ours = table.get(OURS)
    if ours is not None and not _keeps_promises(ours, asked.rows):
        raise SystemExit("b24-mcp broke its promise")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--patience", type=float, default=400.0)
    parser.add_argument("--only", nargs="*", choices=CLIENTS)
    return parser.parse_args()


def _keeps_promises(ours: dict[str, Any], rows: int) -> bool:
    most = MOST_REQUESTS * max(1, rows // 100_000)
    requests = sum(ours["requests"].values())
    return bool(
        ours.get("rows") == ours.get("different") == rows
        and requests <= most
        and ours["megabytes"] < MOST_MEGABYTES
        and set(ours["requests"]) == {"200"}
    )


# --- Clients, each in a separate process -------------------------------------------------------------------------


def work(client: str, webhook: str, ca: str) -> None:
    """Read all deals, count them, and print the time and memory."""
    begin = time.perf_counter()
    seen, rows = bytearray(2_000_000), 0
    for deal in {OURS: _ours, "b24pysdk": _b24pysdk, "fast_bitrix24": _fast_bitrix24}[client](webhook, ca):
        rows += 1
        seen[int(deal["ID"])] = 1
    took = time.perf_counter() - begin
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"rows": rows, "different": sum(seen), "seconds": took, "megabytes": kilobytes / 1024}))


def _ours(webhook: str, ca: str) -> Iterator[Any]:
    from b24_mcp.rest import Portal, PortalOptions, parse_webhook

    portal = Portal(parse_webhook(webhook), PortalOptions(plan="basic", ca_bundle=Path(ca)))
    listing = portal.listing("crm.deal.list")
    with asyncio.Runner() as runner:
        try:
            while True:
                yield from runner.run(listing.__anext__())
        except StopAsyncIteration:
            print(f"complete: {listing.complete}, notes: {listing.notes}", file=sys.stderr)
        finally:
            runner.run(portal.aclose())


def _b24pysdk(webhook: str, ca: str) -> Iterator[Any]:
    from urllib.parse import urlsplit

    from b24pysdk import BitrixWebhook

    address = urlsplit(webhook)
    token = BitrixWebhook(domain=address.netloc, webhook_token=address.path.removeprefix("/rest/").strip("/"))
    yield from token.call_list_fast("crm.deal.list", {})["result"]


def _fast_bitrix24(webhook: str, ca: str) -> Iterator[Any]:
    from fast_bitrix24 import Bitrix

    yield from Bitrix(webhook, verbose=False).get_all("crm.deal.list")


def _run(client: str, python: str, portal: dict[str, str], patience: float) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment |= {"SSL_CERT_FILE": portal["ca"], "REQUESTS_CA_BUNDLE": portal["ca"], "PYTHONPATH": str(ROOT)}
    command = [python, "-m", "benchmarks.listing", "work", client, portal["webhook"], portal["ca"]]
    begin = time.perf_counter()
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=patience, check=False
        )
    except subprocess.TimeoutExpired:
        return {"ended": f"not finished after {patience:.0f} s", "seconds": time.perf_counter() - begin}
    if done.returncode:
        return {"ended": done.stderr.strip().splitlines()[-1][:200], "seconds": time.perf_counter() - begin}
    read: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return read


def _others_python() -> str | None:
    named = os.environ.get("B24_SDK_PYTHON")
    found = ROOT / ".venv-sdk" / "bin" / "python"
    return named or (str(found) if found.exists() else None)


# --- The portal, in a separate process ---------------------------------------------------------------------------


@contextmanager
def _sandbox(rows: int) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "benchmarks.listing", "portal", str(rows)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def _control(portal: dict[str, str], what: str) -> Any:
    import ssl
    import urllib.request

    context = ssl.create_default_context(cafile=portal["ca"])
    with urllib.request.urlopen(f"{portal['url']}/benchmark/{what}", context=context) as answer:
        return json.load(answer)


async def serve_portal(rows: int) -> None:
    """Serve the deals, and under /benchmark/ the statuses of all responses."""
    from b24_sandbox import Sandbox, serve

    class Counting(Sandbox):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.statuses: Counter[int] = Counter()

        async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] == "http" and scope["path"].startswith("/benchmark/"):
                told = json.dumps(self.statuses).encode()
                if scope["path"].endswith("reset"):
                    self.statuses.clear()
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": told})
                return

            async def counting(message: MutableMapping[str, Any]) -> None:
                if message["type"] == "http.response.start":
                    self.statuses[message["status"]] += 1
                await send(message)

            await super().__call__(scope, receive, counting)

    sandbox = Counting(
        deals=rows, plan="basic", latency=LATENCY, row_latency=ROW_LATENCY, offset_latency=OFFSET_LATENCY
    )

    def ready(base: str) -> None:
        print(json.dumps({"url": base, "webhook": sandbox.webhook_url(base), "ca": str(sandbox.ca)}), flush=True)

    await serve(sandbox, "127.0.0.1", 0, ready, tls=True)


def _print(table: dict[str, dict[str, Any]], rows: int) -> None:
    ours = table.get(OURS, {})
    print(f"\n{rows:,} deals, {LATENCY * 1000:.0f} ms a request, 1 ms a row, 1 µs a row passed over, basic plan\n")
    print(f"{'client':<14}{'rows':>9}{'twice':>7}{'requests':>10}{'refused':>9}{'seconds':>9}{'ratio':>7}{'MB':>7}")
    for client, row in table.items():
        statuses: dict[str, int] = row["requests"]
        sent, refused = sum(statuses.values()), sum(count for status, count in statuses.items() if status != "200")
        ratio = f"{row['seconds'] / ours['seconds']:.2f}" if ours.get("seconds") else ""
        if "rows" in row:
            twice, size = str(row["rows"] - row["different"]), f"{row['megabytes']:.0f}"
            line = f"{row['rows']:>9,}{twice:>7}{sent:>10}{refused:>9}{row['seconds']:>9.1f}{ratio:>7}{size:>7}"
        else:
            line = f"{'-':>9}{'-':>7}{sent:>10}{refused:>9}{row['seconds']:>9.1f}  {row['ended']}"
        print(f"{client:<14}{line}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["work"]:
        work(*sys.argv[2:5])
    elif sys.argv[1:2] == ["portal"]:
        asyncio.run(serve_portal(int(sys.argv[2])))
    else:
        main()
