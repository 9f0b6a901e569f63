"""`Listing`: all rows of a list, page after page, with an account of what was seen and a cursor to go on by."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from b24_mcp.catalog import Version
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.listing.choosing import Choice, facts_of
from b24_mcp.rest.listing.given import checked_params
from b24_mcp.rest.listing.rows import fingerprint
from b24_mcp.rest.listing.strategy import ListPage, ListSender, OtherWayError, Strategy
from b24_mcp.rest.planned import plan_call
from b24_mcp.rest.wire.method_name import documented_name
from b24_mcp.rest.wire.params import Params


class Listing:
    """The rows of one list, by `async for`: each turn gives the rows of one page as they arrive.

    A failure ends the loop with a `B24Error`; rows given stay given, and `cursor` goes on after them. What a list
    method does that cannot be read to the end (it answers with the same rows again and again) ends the loop without an
    error: `complete` is false and `notes` say why.
    """

    def __init__(
        self, choice: Choice, sender: ListSender, *, limit: int | None, resume: Mapping[str, Any] | None
    ) -> None:
        self._choice, self._sender, self._limit = choice, sender, limit
        self._digest = fingerprint([choice.method.lower(), choice.facts.version, choice.params]).hex()
        self._strategy: Strategy = choice.open(None if resume is None else self._checked(resume))
        self._waiting: deque[ListPage] = deque()
        self._drop = 0
        """Rows at the beginning of the next page that the reader has already."""
        self._cut = 0
        """Rows given of the page at which the limit ended this listing."""
        self._is_resumed = resume is not None
        self._ended = False
        self._is_counted = False
        self.rows_seen = 0
        if resume is not None:
            self._take_up(resume)

    def __aiter__(self) -> Listing:
        """A listing is read once; a new loop goes on where the last one stopped."""
        return self

    async def __anext__(self) -> list[Any]:
        """Give the rows of the next page."""
        while True:
            wanted = None if self._limit is None else self._limit - self.rows_seen
            if wanted is not None and wanted <= 0:
                raise StopAsyncIteration
            if self._waiting:
                rows = self._hand_out(self._waiting.popleft(), wanted)
                if rows:
                    return rows
            elif self._strategy.finished:
                self._count_up()
                raise StopAsyncIteration
            else:
                await self._advance(wanted)

    @property
    def strategy(self) -> str:
        """How the list is read: `keyset`, `offset`, `limit and offset`, …"""
        return self._strategy.name

    @property
    def key(self) -> str | None:
        """The field that identifies a row, None when there is none or the rows do not have it; known after a page."""
        return self._choice.account.key

    @property
    def total(self) -> int | None:
        """How many rows the portal counted at the beginning, None when it did not say."""
        return self._choice.account.total

    @property
    def requests(self) -> int:
        """HTTP requests sent so far."""
        return self._sender.requests

    @property
    def complete(self) -> bool:
        """Whether every row of the list was seen, together with the parts before when it was resumed."""
        return self._is_at_end and self._choice.account.whole

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader must know: order, rows that others added or removed, why reading stopped."""
        return tuple(self._choice.account.notes)

    @property
    def cursor(self) -> dict[str, Any] | None:
        """Where to go on, as JSON, for `resume`; None when the end was reached."""
        if self._is_at_end:
            return None
        account = self._choice.account
        cursor = {"list": self._digest, "strategy": self._strategy.name, **self._strategy.position()}
        if self._cut and not self._strategy.is_exact:
            cursor["skip"] = self._cut
        return cursor | {"total": account.total, "whole": account.whole}

    @property
    def _is_at_end(self) -> bool:
        return self._strategy.finished and not self._waiting and not self._cut

    async def _advance(self, wanted: int | None) -> None:
        try:
            self._waiting.extend(await self._strategy.advance(wanted))
        except OtherWayError as exc:
            if self._is_resumed:
                self._choice.account.note("the list was begun anew: rows of the parts before come again")
            self._strategy = self._choice.other(self._strategy, exc)
        except B24Error as exc:
            if self.rows_seen:
                self._choice.account.note(f"stopped after {self.rows_seen} rows: {exc.fault.code}: {exc.fault.message}")
            raise

    def _hand_out(self, page: ListPage, wanted: int | None) -> list[Any]:
        """Give a page to the reader: without rows that were given before, and no more than wanted."""
        dropped, self._drop = min(self._drop, len(page.rows)), 0
        taken = len(page.rows) if wanted is None else min(len(page.rows), dropped + wanted)
        rows = page.rows[dropped:taken]
        self._strategy.commit(page, taken)
        self.rows_seen += len(rows)
        self._cut = taken if taken < len(page.rows) else 0
        return rows

    def _count_up(self) -> None:
        """Say when the portal's count and the rows differ."""
        account = self._choice.account
        if self._is_counted or self._is_resumed:
            return
        self._is_counted = True
        if account.whole and account.total is not None and account.total != self.rows_seen:
            account.note(
                f"the portal counted {account.total} rows at the beginning and gave {self.rows_seen}: "
                "others added or removed some meanwhile, or this user may not see them all"
            )

    def _checked(self, resume: Mapping[str, Any]) -> str:
        """The strategy a cursor names.

        Raises:
            B24Error: `B24MCP_CURSOR` when it belongs to another list, or is none.
        """
        name = resume.get("strategy")
        if resume.get("list") != self._digest or not isinstance(name, str):
            raise our_error(
                "B24MCP_CURSOR", "resume is the cursor of another list: method, version and params must be the same."
            )
        return name

    def _take_up(self, resume: Mapping[str, Any]) -> None:
        self._strategy.resume(resume)
        total, skip = resume.get("total"), resume.get("skip", 0)
        if not isinstance(total, int | None) or not isinstance(skip, int) or skip < 0:
            raise our_error("B24MCP_CURSOR", "resume is no cursor of this list.")
        self._choice.account.total = total
        self._choice.account.whole = resume.get("whole") is not False
        self._drop = self._cut = skip


def open_listing(
    sender: ListSender,
    method: str,
    params: Params | None,
    *,
    version: Version | None,
    limit: int | None,
    resume: Mapping[str, Any] | None,
) -> Listing:
    """Prepare reading a list; nothing is sent yet. See `Portal.listing`.

    Raises:
        B24Error: when this cannot be read as a list.
    """
    method = documented_name(method)
    facts = facts_of(method, version)
    if params is None:
        params = [] if facts.positional else {}
    params = checked_params(params, facts)
    sender.review(plan_call(method, params, facts.version))
    if limit is not None and limit < 1:
        raise our_error("B24MCP_PARAMS", "limit must be 1 or more.", method=method)
    choice = Choice(sender, method, params, facts)
    if isinstance(params, dict) and "start" in params:
        choice.account.note(f"the rows before start={params['start']} in params were left out")
    return Listing(choice, sender, limit=limit, resume=resume)
