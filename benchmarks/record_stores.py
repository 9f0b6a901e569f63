"""Measure rows a second of data sets in SQLite and in PostgreSQL, in one run.

Usage: python -m benchmarks.record_stores ADDRESS [--rows N], with the address of an empty database. Everything in the
schemas of data sets there is removed.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from b24_mcp.records import DataSetLibrary, DataSetOrigin, Journal, RecordsFile, RecordStore, RowOutcome, ask
from b24_mcp.records.fields import FieldKinds
from b24_mcp.records.postgresql import PostgresStore, open_connections
from b24_mcp.secrets import Redactor

_PAGE = 2_500
_KINDS = FieldKinds({"ID": "integer", "OPPORTUNITY": "number", "DATE_CREATE": "datetime", "ASSIGNED_BY_ID": "integer"})
_ORIGIN = DataSetOrigin("crm.deal.list", None, "benchmark.example")
_QUERIES = {
    "group": 'SELECT "ASSIGNED_BY_ID", count(*), sum("OPPORTUNITY") FROM deals GROUP BY 1 ORDER BY 1',
    "one row": 'SELECT "TITLE" FROM deals WHERE "ID" = 77',
    "5,000 rows": 'SELECT * FROM deals ORDER BY "ID" LIMIT 5000',
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--rows", type=int, default=100_000)
    asked = parser.parse_args()
    asyncio.run(_measure(asked.address, asked.rows))


async def _measure(address: str, rows: int) -> None:
    connections = open_connections(address)
    with tempfile.TemporaryDirectory() as folder:
        stores: dict[str, RecordStore] = {
            "SQLite": RecordsFile(Path(folder) / "records" / "x.db"),
            "PostgreSQL": PostgresStore(connections, address, "", "benchmark.example"),
        }
        found = {name: await _figures(DataSetLibrary(store, Redactor()), rows) for name, store in stores.items()}
        for store in stores.values():
            await store.aclose()
    connections.close()
    print(f"{'':14}{'SQLite':>10}{'PostgreSQL':>12}{'ratio':>8}")
    for work, seconds in found["SQLite"].items():
        other = found["PostgreSQL"][work]
        print(f"{work:14}{seconds:9.3f}s{other:11.3f}s{other / seconds:8.2f}")


async def _figures(library: DataSetLibrary, rows: int) -> dict[str, float]:
    pages = [[_row(number) for number in range(start, start + _PAGE)] for start in range(0, rows, _PAGE)]
    await library.sets()

    async def fill() -> None:
        run = await library.begin("deals", _ORIGIN, _KINDS)
        for page in pages:
            await run.append(page, {"page": 1}, key="ID", total=rows)
        await run.finish(complete=True)

    found = {f"{rows:,} rows": await _seconds(fill)}
    for name, sql in _QUERIES.items():

        async def query(sql: str = sql) -> None:
            await ask(library, sql, rows=5_000, characters=10_000_000)

        found[name] = await _seconds(query)
    found["5,000 calls"] = await _seconds(lambda: _journal(library))
    await library.drop("deals")
    return found


async def _journal(library: DataSetLibrary) -> None:
    journal = Journal(library.store)
    number = await journal.begin("key")
    for first in range(1, 5_001, 500):
        await journal.add(number, first, [[one] for one in range(500)])
    for first in range(1, 5_001, 50):
        rows = range(first, first + 50)
        await journal.mark_sent(number, list(rows))
        await journal.settle(number, [RowOutcome(one, True, "yes") for one in rows])
    await journal.drop(number)


def _row(number: int) -> dict[str, object]:
    row: dict[str, object] = {
        "ID": str(number + 1),
        "TITLE": f"Сделка {number}",
        "OPPORTUNITY": f"{number % 10_000}.50",
        "CURRENCY_ID": "RUB",
        "ASSIGNED_BY_ID": str(number % 40 + 1),
        "DATE_CREATE": f"2026-01-{number % 28 + 1:02}T10:00:00+03:00",
        "CLOSED": "N",
        "COMMENTS": "текст " * 8,
    }
    return row | {f"UF_CRM_{place}": f"value {number % 100}" for place in range(12)}


async def _seconds(work: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
