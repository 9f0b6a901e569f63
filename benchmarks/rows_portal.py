"""A portal with a long list of deals that is not the bottleneck of a measurement.

The rows are written by number, batches of lists and updates are answered without a database, and every other request as
in `benchmarks.plain_portal`.
Usage: python -m benchmarks.rows_portal ROWS; it prints the address of a webhook and the path of its certificate.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from b24_sandbox import Sandbox
from b24_sandbox.certificates import issue
from benchmarks.plain_portal import SECRET, PlainPortal

_PAGE = 50
_ROW = (
    '{"ID":"%d","TITLE":"Deal %d","STAGE_ID":"NEW","OPPORTUNITY":"100.00","CURRENCY_ID":"EUR","CONTACT_ID":"7",'
    '"COMPANY_ID":null,"ASSIGNED_BY_ID":"1","DATE_CREATE":"2026-01-01T10:00:00+03:00","COMMENTS":""}'
)
_TIME = '{"start":1,"finish":1.001,"duration":0.001,"processing":0.001,"date_start":"2026-01-01T10:00:00+03:00",'
_TIME += '"date_finish":"2026-01-01T10:00:00+03:00","operating":0}'
_REFERENCE = re.compile(r"\$result\[(\w+)\]\[([0-9]+)\]\[ID\]")
_FILTER = re.compile(r"filter\[(>=|>|<=|<)ID\]", re.IGNORECASE)


class RowsPortal(PlainPortal):
    """A portal whose deals have the ids 1 to `rows`."""

    def __init__(self, sandbox: Sandbox, rows: int) -> None:
        super().__init__(sandbox)
        self._rows = rows

    async def answer(self, path: str, body: bytes, kind: str) -> bytes:
        """Return the body of the answer: at once for lists and updates, else as the sandbox answers."""
        method = path.rpartition("/")[2].removesuffix(".json")
        if method == "crm.deal.list":
            sent = json.loads(body) if body[:1] == b"{" else {}
            return self._list(sent).encode()
        if method == "batch" and (b"crm.deal.list" in body or b"crm.deal.update" in body):
            return self._batch(json.loads(body)).encode()
        return await super().answer(path, body, kind)

    def _list(self, sent: Mapping[str, Any]) -> str:
        flat = {f"filter[{name}]": value for name, value in (sent.get("filter") or {}).items()}
        first, last, page, is_descending = self._page(flat | {"start": sent.get("start", 0)}, sent.get("order"))
        said = "" if page < 0 else f',"total":{last - first + 1}'
        if page >= 0 and first + page + _PAGE <= last:
            said += f',"next":{page + _PAGE}'
        rows = self._written(first, last, page, is_descending=is_descending)[0]
        return f'{{"result":[{rows}]{said},"time":{_TIME}}}'

    def _batch(self, sent: Mapping[str, Any]) -> str:
        results, totals, nexts, times = [], [], [], []
        ids: dict[str, list[int]] = {}
        for name, command in sent["cmd"].items():
            method, _, query = command.partition("?")
            times.append(f'"{name}":{_TIME}')
            if not method.endswith(".list"):
                results.append(f'"{name}":true')
                continue
            params = {
                key: _REFERENCE.sub(lambda found: str(ids[found[1]][int(found[2])]), value)
                for key, value in parse_qsl(query)
            }
            try:
                first, last, page, is_descending = self._page(params, params.get("order[ID]"))
            except (KeyError, IndexError):  # the page that it refers to was the last one
                results.append(f'"{name}":[]')
                continue
            rows, ids[name] = self._written(first, last, page, is_descending=is_descending)
            results.append(f'"{name}":[{rows}]')
            if page >= 0:
                totals.append(f'"{name}":{last - first + 1}')
                if first + page + _PAGE <= last:
                    nexts.append(f'"{name}":{page + _PAGE}')
        parts = {"result": results, "result_total": totals, "result_next": nexts, "result_time": times}
        inner = ",".join(f'"{key}":{{{",".join(part)}}}' if part else f'"{key}":[]' for key, part in parts.items())
        return f'{{"result":{{{inner},"result_error":[]}},"time":{_TIME}}}'

    def _page(self, params: Mapping[str, Any], order: object) -> tuple[int, int, int, bool]:
        """Return the first and last id that a filter leaves, the offset (-1: none is counted), and the direction."""
        first, last = 1, self._rows
        for name, value in params.items():
            if found := _FILTER.fullmatch(name):
                bound = int(value)
                match found[1]:
                    case ">":
                        first = max(first, bound + 1)
                    case ">=":
                        first = max(first, bound)
                    case "<":
                        last = min(last, bound - 1)
                    case _:
                        last = min(last, bound)
        wanted = order.get("ID") if isinstance(order, Mapping) else order
        return first, last, int(params.get("start") or 0), str(wanted).upper() == "DESC"

    def _written(self, first: int, last: int, page: int, *, is_descending: bool) -> tuple[str, list[int]]:
        skipped = max(page, 0)
        if is_descending:
            ids = list(range(last - skipped, max(first, last - skipped - _PAGE + 1) - 1, -1))
        else:
            ids = list(range(first + skipped, min(last, first + skipped + _PAGE - 1) + 1))
        return ",".join([_ROW % (number, number) for number in ids]), ids


async def main() -> None:
    """Serve over TLS until the standard input ends: one of the SDKs speaks nothing else."""
    sandbox = Sandbox(webhook=f"1/{SECRET}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        certificates = issue(Path(folder))
        context.load_cert_chain(certificates.certificate, certificates.key)
        portal = RowsPortal(sandbox, int(sys.argv[1]))
        server = await asyncio.start_server(portal.serve, "127.0.0.1", 0, limit=1 << 22, ssl=context)
        port = server.sockets[0].getsockname()[1]
        told = {"webhook": f"https://127.0.0.1:{port}/rest/1/{SECRET}/", "ca": str(certificates.ca)}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        async with server:
            await asyncio.to_thread(sys.stdin.read)
    sandbox.close()


if __name__ == "__main__":
    asyncio.run(main())
