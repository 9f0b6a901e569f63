"""The access log: one line per request with address, caller, path, status and time, without headers or arguments."""

from __future__ import annotations

import logging
import time

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from b24_mcp.app.files.exchange import FILES_PATH
from b24_mcp.app.logs import FACTS

ACCESS = logging.getLogger("b24_mcp.access")
_PROBES = ("/health", "/ready")
_TIMEOUT = 408
_MAX_WORD_LENGTH = 80


class AccessLog:
    """Middleware that writes a line when a request has ended.

    Successful probes are not logged. Incomplete requests are not logged either, because a client can open any number of
    them; `connections` counts those.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request and log its outcome."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0
        complete = False
        begin = time.perf_counter()

        async def watched_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        async def watched_receive() -> Message:
            nonlocal complete
            message = await receive()
            complete = complete or (message["type"] == "http.request" and not message.get("more_body", False))
            return message

        try:
            await self._app(scope, watched_receive, watched_send)
        finally:
            has_arrived = complete or status not in (0, _TIMEOUT)
            if has_arrived and (status != 200 or scope["path"] not in _PROBES):
                facts = {
                    "peer": (scope.get("client") or ("-",))[0],
                    "caller": _caller_name(scope),
                    "method": scope["method"],
                    "path": _as_word(_shown_path(scope["path"])),
                    "status": status or "unanswered",
                    "ms": round(1000 * (time.perf_counter() - begin)),
                }
                ACCESS.info("%s %s %s %s %s %d ms", *facts.values(), extra={FACTS: facts})


def _shown_path(path: str) -> str:
    """Return a path without the token of an address for files."""
    before, mark, _ = path.partition(FILES_PATH)
    return f"{before}{mark}…" if mark else path


def _caller_name(scope: Scope) -> str:
    user = scope.get("user")
    if not isinstance(user, AuthenticatedUser):
        return "-"
    return _as_word(user.access_token.subject or user.access_token.client_id)


def _as_word(text: str) -> str:
    """Return untrusted text as one word, so that it cannot forge a line or a column."""
    return "".join(letter if letter.isprintable() and letter != " " else "_" for letter in text)[:_MAX_WORD_LENGTH]
