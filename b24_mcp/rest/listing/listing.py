"""`Listing`: all rows of a list, page after page, with a summary of what was read and a cursor to resume at."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from b24_mcp.catalog import Version
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.listing.paging_params import checked_params
from b24_mcp.rest.listing.plan import ListPlan, facts_of
from b24_mcp.rest.listing.seen import fingerprint
from b24_mcp.rest.listing.strategy import ListPage, ListSender, Strategy, UnsuitableStrategyError
from b24_mcp.rest.planned import plan_call
from b24_mcp.rest.wire.method_name import documented_name
from b24_mcp.rest.wire.params import Params


class Listing:
    """An asynchronous iterator over the rows of one list; each step returns the rows of one page.

    The next requests run in the background meanwhile. `aclose` cancels them if the loop is left before its end.

    A failure ends the loop with a `B24Error`. The rows that were returned stay valid, and `cursor` resumes after them.
    If a method cannot be read to the end, for example because it repeats the same rows, the loop ends without an error:
    `complete` is false and `notes` say why.
    """

    def __init__(
        self, plan: ListPlan, sender: ListSender, *, limit: int | None, resume: Mapping[str, object] | None
    ) -> None:
        self._plan, self._sender, self._limit = plan, sender, limit
        self._summary = plan.summary
        self._digest = fingerprint([plan.method.lower(), plan.facts.version, plan.params]).hex()
        self._strategy: Strategy = plan.open(None if resume is None else self._strategy_in(resume))
        self._waiting: deque[ListPage] = deque()
        self._drop = 0
        """The number of rows at the beginning of the next page that the reader has already."""
        self._cut = 0
        """The number of rows that were returned of the page at which the limit ended this listing."""
        self._is_resumed = resume is not None
        self._is_counted = False
        self.rows_seen = 0
        if resume is not None:
            self._resume(resume)

    def __aiter__(self) -> Listing:
        """Return this listing: a new loop continues where the last one stopped."""
        return self

    async def __anext__(self) -> list[Any]:
        """Return the rows of the next page."""
        while True:
            wanted = None if self._limit is None else self._limit - self.rows_seen
            if wanted is not None and wanted <= 0:
                await self.aclose()
                raise StopAsyncIteration
            if self._waiting:
                rows = self._rows_of(self._waiting.popleft(), wanted)
                if rows:
                    return rows
            elif self._strategy.finished:
                self._compare_count()
                raise StopAsyncIteration
            else:
                await self._advance(wanted)

    async def by_request(self) -> AsyncGenerator[list[Any]]:
        """Yield the rows of all pages that arrived together as one list, so that they can be stored together."""
        rows: list[Any] = []
        async for page in self:
            rows += page
            if not self._has_next:
                yield rows
                rows = []

    async def aclose(self) -> None:
        """Cancel the requests in the background. The listing can go on, and sends them again."""
        await self._strategy.aclose()

    @property
    def strategy(self) -> str:
        """The name of the strategy: `keyset`, `offset`, `limit and offset`, …"""
        return self._strategy.name

    @property
    def key(self) -> str | None:
        """The field that identifies a row, known after the first page; None if it is missing or not selected."""
        return self._summary.key

    @property
    def total(self) -> int | None:
        """The number of rows that the portal counted at the beginning; None if it did not count."""
        return self._summary.total

    @property
    def requests(self) -> int:
        """The number of HTTP requests sent so far."""
        return self._sender.requests

    @property
    def complete(self) -> bool:
        """Whether every row of the list was read, including the earlier parts of a resumed list."""
        return self._is_at_end and self._summary.whole

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader must know: the order, rows that others added or removed, why reading stopped."""
        return tuple(self._summary.notes)

    @property
    def cursor(self) -> dict[str, Any] | None:
        """The position to `resume` at, as JSON; None if the end was reached."""
        if self._is_at_end:
            return None
        cursor = {"list": self._digest, "strategy": self._strategy.name, **self._strategy.position()}
        if self._cut and not self._strategy.is_exact:
            cursor["skip"] = self._cut
        return cursor | {"total": self._summary.total, "whole": self._summary.whole}

    @property
    def _has_next(self) -> bool:
        """Whether the next rows have arrived, so that the next step waits for no request."""
        is_wanted = self._limit is None or self.rows_seen < self._limit
        return is_wanted and any(len(page.rows) > self._drop for page in self._waiting)

    @property
    def _is_at_end(self) -> bool:
        return self._strategy.finished and not self._waiting and not self._cut

    async def _advance(self, wanted: int | None) -> None:
        try:
            self._waiting.extend(await self._strategy.advance(wanted))
        except UnsuitableStrategyError as exc:
            if self._is_resumed:
                self._summary.note("the list was started again: rows of the earlier parts are repeated")
            self._strategy = self._plan.replace(self._strategy, exc)
        except B24Error as exc:
            if self.rows_seen:
                self._summary.note(f"stopped after {self.rows_seen} rows: {exc.fault.code}: {exc.fault.message}")
            raise

    def _rows_of(self, page: ListPage, wanted: int | None) -> list[object]:
        """Return the rows of a page that the reader does not have, and no more than wanted."""
        dropped, self._drop = min(self._drop, len(page.rows)), 0
        end = len(page.rows) if wanted is None else min(len(page.rows), dropped + wanted)
        rows = page.rows[dropped:end]
        self._strategy.commit(page, end)
        self.rows_seen += len(rows)
        self._cut = end if end < len(page.rows) else 0
        return rows

    def _compare_count(self) -> None:
        """Add a note if the portal's count and the number of rows differ."""
        summary = self._summary
        if self._is_counted or self._is_resumed:
            return
        self._is_counted = True
        if summary.whole and summary.total is not None and summary.total != self.rows_seen:
            summary.note(
                f"the portal counted {summary.total} rows at the beginning and gave {self.rows_seen}: "
                "others added or removed some meanwhile, or this user may not see them all"
            )

    def _strategy_in(self, resume: Mapping[str, object]) -> str:
        """Return the name of the strategy in a cursor.

        Raises:
            B24Error: `B24MCP_CURSOR` if it is the cursor of another list, or no cursor.
        """
        name = resume.get("strategy")
        if resume.get("list") != self._digest or not isinstance(name, str):
            raise our_error(
                "B24MCP_CURSOR", "resume is the cursor of another list: method, version and params must be the same."
            )
        return name

    def _resume(self, resume: Mapping[str, object]) -> None:
        self._strategy.resume(resume)
        total, skip = resume.get("total"), resume.get("skip", 0)
        if not isinstance(total, int | None) or not isinstance(skip, int) or skip < 0:
            raise our_error("B24MCP_CURSOR", "resume is not a cursor of this list.")
        self._summary.total = total
        self._summary.whole = resume.get("whole") is not False
        self._drop = self._cut = skip


def open_listing(
    sender: ListSender,
    method: str,
    params: Params | None,
    *,
    version: Version | None,
    limit: int | None,
    resume: Mapping[str, Any] | None,
    in_order: bool = False,
) -> Listing:
    """Prepare reading a list; nothing is sent yet. See `Portal.listing`.

    Raises:
        B24Error: if this cannot be read as a list.
    """
    method = documented_name(method)
    facts = facts_of(method, version)
    if params is None:
        params = [] if facts.positional else {}
    params = checked_params(params, facts)
    sender.review(plan_call(method, params, facts.version))
    if limit is not None and limit < 1:
        raise our_error("B24MCP_PARAMS", "limit must be 1 or more.", method=method)
    plan = ListPlan(sender, method, params, facts, in_order=in_order)
    if isinstance(params, dict) and "start" in params:
        plan.summary.note(f"the rows before start={params['start']} in params were left out")
    return Listing(plan, sender, limit=limit, resume=resume)
