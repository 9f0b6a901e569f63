"""The limit of concurrent queries, shared fairly between callers, so that their total memory is bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

from b24_mcp.errors import our_error

AT_ONCE = 4
"""Concurrent queries of one server. Each may use 256 MB (`query_process`), so 1 GB in all."""
_PER_CALLER = 3
_EXPORTS = 2
"""Exports and imports may run for minutes, so some places are always left for other queries."""
_WAITING = 32
_WAITING_PER_CALLER = 8
_PATIENCE = 20.0
"""Seconds a query waits for a place. Together with the timeout of a query they are less than 60 s, after which clients
give up."""


@dataclass(eq=False, slots=True)
class _Ticket:
    caller: str
    is_export: bool
    granted: anyio.Event = field(default_factory=anyio.Event)


class Turns:
    """The places of running queries, and their queue.

    The next place goes to the caller with the fewest places; among those, the first in the queue gets it.
    """

    def __init__(
        self,
        at_once: int = AT_ONCE,
        *,
        per_caller: int = _PER_CALLER,
        exports: int = _EXPORTS,
        patience: float = _PATIENCE,
    ) -> None:
        self._at_once = at_once
        self._per_caller = per_caller
        self._exports = exports
        self._patience = patience
        self._running: list[_Ticket] = []
        self._waiting: list[_Ticket] = []

    @asynccontextmanager
    async def turn(self, caller: str = "", *, is_export: bool = False) -> AsyncGenerator[None]:
        """Hold a place for a query of this caller; wait until one is free.

        Raises:
            B24Error: `B24MCP_QUERY_BUSY` if the queue is full, or no place became free in time.
        """
        ticket = _Ticket(caller, is_export)
        try:
            await self._begin(ticket)
            yield
        finally:
            self._end(ticket)

    async def _begin(self, ticket: _Ticket) -> None:
        self._waiting.append(ticket)
        self._fill()
        if ticket.granted.is_set():
            return
        if len(self._waiting) > _WAITING or self._of(ticket.caller, self._waiting) > _WAITING_PER_CALLER:
            raise self._busy("too many others are waiting")
        with anyio.move_on_after(self._patience):
            await ticket.granted.wait()
        if not ticket.granted.is_set():
            raise self._busy(f"none of them ended within {self._patience:g} s")

    def _end(self, ticket: _Ticket) -> None:
        for tickets in (self._running, self._waiting):
            if ticket in tickets:
                tickets.remove(ticket)
        self._fill()

    def _fill(self) -> None:
        """Grant each free place to a waiting ticket that may have it."""
        while len(self._running) < self._at_once:
            held = Counter(ticket.caller for ticket in self._running)
            exports = sum(ticket.is_export for ticket in self._running)
            fitting = [
                ticket
                for ticket in self._waiting
                if held[ticket.caller] < self._per_caller and not (ticket.is_export and exports >= self._exports)
            ]
            if not fitting:
                return
            chosen = min(fitting, key=lambda ticket: held[ticket.caller])
            self._waiting.remove(chosen)
            self._running.append(chosen)
            chosen.granted.set()

    @staticmethod
    def _of(caller: str, tickets: list[_Ticket]) -> int:
        return sum(ticket.caller == caller for ticket in tickets)

    def _busy(self, why: str) -> Exception:
        return our_error(
            "B24MCP_QUERY_BUSY", f"{len(self._running)} queries of data sets are running on this server, and {why}."
        )
