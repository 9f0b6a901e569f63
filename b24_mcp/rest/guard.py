"""The guard of a portal: it judges each request before it is sent, and gets its outcome.

This package does not decide which calls are allowed: a `Guard` is passed to `Portal`, and every request is judged by
it. The guard judges the finished request, read back as the portal will read it, so that the request that is sent is the
one that was judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from b24_mcp.errors import B24Error
from b24_mcp.rest.planned import MethodCall
from b24_mcp.rest.wire.answer import Answer


class RequestHook(Protocol):
    """Called around one request, which may be sent several times."""

    async def before_send(self) -> None:
        """Run before each try.

        Raises:
            B24Error: to stop the request; this try is not sent.
        """
        ...

    async def after_answer(self, outcome: Answer | B24Error | None) -> None:
        """Run once at the end, with the answer or the error; None when the call was cancelled."""
        ...


class Guard(Protocol):
    """Decides which calls may be sent to a portal. `permit` is an approval; only the guard knows its contents."""

    def review(self, calls: Sequence[MethodCall], permit: object | None) -> None:
        """Judge all commands of a batch before its first request.

        Raises:
            B24Error: of kind `policy` or `approval`; nothing was sent.
        """
        ...

    def admit(self, calls: Sequence[MethodCall], permit: object | None) -> RequestHook:
        """Judge one finished request by the calls in it.

        Raises:
            B24Error: of kind `policy` or `approval`; it was not sent.
        """
        ...


class NoGuard:
    """A guard and hook that allow every call."""

    def review(self, calls: Sequence[MethodCall], permit: object | None) -> None:
        """Allow the calls."""

    def admit(self, calls: Sequence[MethodCall], permit: object | None) -> NoGuard:
        """Allow the request."""
        return self

    async def before_send(self) -> None:
        """Do nothing."""

    async def after_answer(self, outcome: Answer | B24Error | None) -> None:
        """Do nothing."""
