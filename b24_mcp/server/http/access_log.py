"""One line to stderr for each request: from where, who, what, the outcome, how long. No header and no argument."""

from __future__ import annotations

import logging
import time

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ACCESS = logging.getLogger("b24_mcp.access")
_QUIET = ("/health", "/ready")
_TIMEOUT = 408
_LONGEST = 80


class AccessLog:
    """Writes the line when a request has ended. There is none for healthy answers to probes, and none for a request
    that never came in whole, of which anybody can begin any number: `connections` counts those.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note what becomes of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0
        whole = False
        begin = time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        async def watched_receive() -> Message:
            nonlocal whole
            message = await receive()
            whole = whole or (message["type"] == "http.request" and not message.get("more_body", False))
            return message

        try:
            await self._app(scope, watched_receive, watch)
        finally:
            came = whole or status not in (0, _TIMEOUT)
            if came and (status != 200 or scope["path"] not in _QUIET):
                peer = (scope.get("client") or ("-",))[0]
                took = round(1000 * (time.perf_counter() - begin))
                ACCESS.info(
                    "%s %s %s %s %s %d ms",
                    peer,
                    _who(scope),
                    scope["method"],
                    _plain(scope["path"]),
                    status or "unanswered",
                    took,
                )


def _who(scope: Scope) -> str:
    user = scope.get("user")
    if not isinstance(user, AuthenticatedUser):
        return "-"
    return _plain(user.access_token.subject or user.access_token.client_id)


def _plain(text: str) -> str:
    """Text of others as one word, so that it cannot forge a line or a column."""
    return "".join(letter if letter.isprintable() and letter != " " else "_" for letter in text)[:_LONGEST]
