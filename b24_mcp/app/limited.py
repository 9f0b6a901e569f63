"""A call of a list with a limit: its first rows, across pages, within the deadline of the call."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace

import anyio

from b24_mcp.access import Permit
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.errors import B24Error
from b24_mcp.rest import Answer, OnWait, PlannedCall

_NO_LIST = "limit had no effect: the result is not a list"


async def send_limited(
    opened: OpenPortal, planned: PlannedCall, permit: Permit, limit: int, *, on_wait: OnWait | None = None
) -> Answer:
    """Send a call and return its answer with at most `limit` rows, in the order of the method.

    Further pages are read when the first one has too few rows. What is missing then is a warning of the answer.

    Raises:
        B24Error: of the first request; see `Portal.send`.
    """
    from b24_mcp.rest.listing import has_pages, rows_in  # most calls do without

    ends_at = anyio.current_time() + opened.settings.deadline
    answer = await opened.portal.send(planned, permit, on_wait=on_wait)
    found = rows_in(answer)
    if found is None:
        return replace(answer, warnings=(*answer.warnings, _NO_LIST))
    key, rows = found
    if len(rows) >= limit:
        return _with_rows(answer, key, rows[:limit])
    if answer.next is None and (answer.total is not None or not has_pages(answer)):
        return answer
    return await _with_more_pages(opened, planned, answer, limit, ends_at, on_wait)


async def _with_more_pages(
    opened: OpenPortal, planned: PlannedCall, first: Answer, limit: int, ends_at: float, on_wait: OnWait | None
) -> Answer:
    """Return the answer with the rows of several pages, or the first page with the reason why there are no more."""
    from b24_mcp.rest.listing import rows_in  # most calls do without

    found = rows_in(first)
    assert found is not None
    key, first_rows = found
    rows: list[object] = []
    problem = ""
    notes: tuple[str, ...] = ()
    with anyio.move_on_after(max(ends_at - anyio.current_time(), 0.0)) as time:
        try:
            listing = opened.portal.listing(
                planned.method,
                planned.params,
                version=planned.version,
                limit=limit,
                in_order=True,
                on_wait=on_wait,
            )
            async with aclosing(listing):
                async for page in listing:
                    rows += page
            notes = listing.notes
        except B24Error as exc:
            problem = f"{exc.fault.code}: {exc.fault.message}"
    if time.cancelled_caught:
        problem = "the deadline of the call was reached"
    if len(rows) < len(first_rows):
        warning = f"Only the first page is shown: {problem or 'the other pages could not be read'}"
        return replace(first, warnings=(*first.warnings, warning))
    if problem:
        notes = (*notes, f"Only {len(rows)} rows are shown: {problem}")
    return _with_rows(replace(first, warnings=(*first.warnings, *notes)), key, rows)


def _with_rows(answer: Answer, key: str | None, rows: list[object]) -> Answer:
    """Return the answer with these rows instead of its own. `next` would skip rows, so it is left out."""
    result = rows if key is None else {**answer.result, key: rows}
    return replace(answer, result=result, next=None)
