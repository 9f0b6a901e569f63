"""Lists in memory for the fake portal, with the paging of each family of methods, which change while they are read."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from b24_mcp.rest import Portal
from b24_mcp.rest.listing import Listing
from tests.fake_portal import FakePortal, Page, open_portal


@dataclass
class MemoryList:
    """Rows `{"ID": "7", "TITLE": "…"}`; `changes` are run one before each page, `asked` are the parameters of each.

    `family` is A (beyond the end page one again), B (empty beyond the end, no total for start=-1) or C (exact offset).
    `key` is how the id is spelled; `knows_filter` and `knows_order` can be taken away, and so can
    total and next (`counted`).
    """

    ids: list[int]
    family: str = "A"
    key: str = "ID"
    list_key: str | None = None
    knows_filter: bool = True
    knows_order: bool = True
    counted: bool = True
    changes: list[Callable[[list[int]], None]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, params: Any) -> Page:
        params = params if isinstance(params, dict) else {}
        self.asked.append(params)
        if self.changes:
            self.changes.pop(0)(self.ids)
        found = sorted(self.ids)
        for condition, value in (params.get("filter") or {}).items():
            found = self._filtered(found, condition, value)
        found = self._ordered(found, params.get("order") or {})
        start = int(params.get("start", 0))
        page, following, total = self._page(found, start)
        rows = [{self.key: str(number) if self.key == "ID" else number, "TITLE": title(number)} for number in page]
        select = params.get("select")
        if select:
            rows = [{name: row[name] for name in row if name in select} for row in rows]
        if not self.counted:
            total = following = None
        return Page(rows if self.list_key is None else {self.list_key: rows}, total, following)

    def _filtered(self, found: list[int], condition: str, value: Any) -> list[int]:
        if not self.knows_filter:
            return found
        compare = {
            ">": lambda number, bound: number > bound,
            "<": lambda number, bound: number < bound,
            ">=": lambda number, bound: number >= bound,
            "<=": lambda number, bound: number <= bound,
            "": lambda number, bound: number == bound,
        }
        name = condition.lstrip("<>=!")
        assert name == self.key, condition
        # A reference that led to nothing puts an array here, and the portal makes what it can of it.
        bound = 1 if isinstance(value, dict | list) else int(value or 0)
        return [number for number in found if compare[condition[: -len(name)]](number, bound)]

    def _ordered(self, found: list[int], order: dict[str, str]) -> list[int]:
        if not self.knows_order or not order:
            return found
        ((name, sense),) = order.items()
        by = (lambda number: number) if name == self.key else title
        return sorted(found, key=by, reverse=sense.upper() == "DESC")

    def _page(self, found: list[int], start: int) -> tuple[list[int], int | None, int | None]:
        total = len(found)
        if start < 0:
            return found[:50], None, None if self.family == "B" else 0
        offset = start if self.family == "C" else start // 50 * 50
        if self.family == "A" and offset >= total:
            offset = 0
        page = found[offset : offset + 50]
        following = offset + len(page)
        return page, following if following < total else None, total


class NumberedRows:
    """A list of REST 3.0 with the ids 1, 2, 3 …, paged by id or by offset, at most 50 rows in a page."""

    def __init__(self, rows: int) -> None:
        self._rows = [{"id": number} for number in range(1, rows + 1)]
        self.asked: list[dict[str, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        params = json.loads((await receive())["body"])
        self.asked.append(params["pagination"])
        after = max((condition[2] for condition in params.get("filter", [])), default=0)
        rows = self._rows[after + params["pagination"].get("offset", 0) :][: min(params["pagination"]["limit"], 50)]
        body = json.dumps({"result": {"items": rows}, "time": {}}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})


def title(number: int) -> str:
    """Return a text whose order is unrelated to that of the number."""
    return f"{number * 7919 % 10_007:05d}"


@asynccontextmanager
async def portal_with(**methods: Any) -> Any:
    """Open a portal with these methods; `__` in a name is a dot."""
    app = FakePortal(methods={name.replace("__", "."): method for name, method in methods.items()})
    async with open_portal(app) as portal:
        yield portal, app


async def read(listing: Listing) -> list[Any]:
    """Return all rows of a listing."""
    return [row async for rows in listing for row in rows]


def numbers(rows: Sequence[Any], key: str = "ID") -> list[int]:
    """Return the ids of rows, in their order."""
    return [int(row[key]) for row in rows]


async def read_ids(portal: Portal, method: str, params: Any = None, *, key: str = "ID", **options: Any) -> list[int]:
    """Return the ids of a whole list."""
    return numbers(await read(portal.listing(method, params, **options)), key)
