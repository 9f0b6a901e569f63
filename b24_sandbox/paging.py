"""The families of list paging: the effect of `start` at every edge.

A page holds 50 rows. A: classic lists, whole pages; beyond the end the first page again. B: controllers, whole pages;
beyond the end nothing. C: users, exact offset. D: legacy tasks, like A, but `start=-1` still counts. E: the disk, exact
offset, always counted. A family gets two functions, the count and the rows at an offset, and calls as few as possible:
a negative `start` exists to avoid the count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from b24_sandbox.answer import RowPage
from b24_sandbox.filters import FilterCondition
from b24_sandbox.php import Map
from b24_sandbox.row import Row

if TYPE_CHECKING:
    from b24_sandbox.storage import Storage, Table

PAGE_SIZE = 50

Count = Callable[[], int]
Rows = Callable[[int, int], Sequence[Map]]
"""The rows at (limit, offset)."""
Family = Callable[[int, Count, Rows], RowPage]


def family_a(start: int, count: Count, rows: Rows) -> RowPage:
    """Classic lists: rounded down to whole pages, page one beyond the end, `total` 0 when `start` is negative."""
    if start < 0:
        return RowPage(rows(PAGE_SIZE, 0), total=0)
    total = count()
    offset = start // PAGE_SIZE * PAGE_SIZE
    if offset >= total:
        offset = 0
    found = rows(PAGE_SIZE, offset)
    return RowPage(found, _next(offset, len(found), total), total)


def family_b(start: int, count: Count, rows: Rows) -> RowPage:
    """Controllers: rounded down, empty beyond the end, neither `total` nor `next` when `start` is negative."""
    if start < 0:
        return RowPage(rows(PAGE_SIZE, 0))
    total = count()
    offset = start // PAGE_SIZE * PAGE_SIZE
    found = rows(PAGE_SIZE, offset)
    return RowPage(found, _next(offset, len(found), total), total)


def family_c(start: int, count: Count, rows: Rows) -> RowPage:
    """Users: exact offset, no `total` for an empty result, `total` 0 when `start` is negative."""
    if start < 0:
        return RowPage(rows(PAGE_SIZE, 0), total=0)
    found = rows(PAGE_SIZE, start)
    if not found:
        return RowPage(found)
    total = count()
    return RowPage(found, _next(start, len(found), total), total)


def family_d(start: int, count: Count, rows: Rows) -> RowPage:
    """Legacy tasks: page one for a negative `start` and beyond the end, always counted."""
    return family_a(max(start, 0), count, rows)


def family_e(start: int, count: Count, rows: Rows) -> RowPage:
    """The disk: exact offset, empty beyond the end, always counted."""
    total, offset = count(), max(start, 0)
    found = rows(PAGE_SIZE, offset)
    return RowPage(found, _next(offset, len(found), total) if found else None, total)


def stored_page(
    storage: Storage,
    entity: Table,
    where: FilterCondition,
    order: str,
    page: tuple[Family, int],
    show: Callable[[list[Row]], Sequence[object]],
    columns: Sequence[str] | None = None,
) -> RowPage:
    """One page of stored records. `page` is the family with the sent `start`, `show` turns rows into an answer."""
    family, start = page
    names = [field.name for field in entity.columns] if columns is None else columns
    read: list[Row] = []

    def rows(limit: int, offset: int) -> list[Row]:
        read.extend(storage.rows(entity, names, where.sql, where.bound, order, limit, offset))
        return read

    found = family(start, lambda: storage.count(entity, where.sql, where.bound), rows)
    return RowPage(list(show(read)), found.next, found.total)


def _next(offset: int, found: int, total: int) -> int | None:
    return offset + found if offset + found < total else None
