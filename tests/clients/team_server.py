"""A server on the sandbox whose clients log in: `team_server.py PORT`. It replaces two parts of a real one.

Whoever opens a page is signed in as one invented person, and client-id documents are invented: there is no network.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import uvicorn
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from b24_mcp.access.person import LoggedInPerson
from b24_mcp.secrets import Redactor
from b24_mcp.server.http.application import http_application
from b24_mcp.server.http.options import HttpOptions
from b24_mcp.server.http.people import SignedIn
from b24_mcp.server.http.people.grants import GrantServer
from b24_mcp.server.http.people.grants.fetching import GuardedFetcher
from b24_mcp.server.mcp_server import build_server
from b24_mcp.state import open_state

PERSON = LoggedInPerson("sandbox", "member", 1, "Анна Левченко", level="full")
CALLBACKS = ["http://127.0.0.1/callback", "http://localhost/callback", "http://localhost:3118/callback"]


class OnePerson:
    """A login that signs everybody in as the same person, in a browser that keeps cookies."""

    def __init__(self) -> None:
        self._sessions: dict[str, SignedIn] = {}

    async def signed_in(self, request: Request) -> SignedIn | None:
        """Return the person, after `begin` in this browser."""
        return self._sessions.get(request.cookies.get("b24_session", ""))

    async def begin(self, request: Request, back_to: str) -> Response:
        """Sign the browser in."""
        session = secrets.token_hex(16)
        self._sessions[session] = SignedIn(PERSON, secrets.token_hex(16))
        response = RedirectResponse(back_to, 303)
        response.set_cookie("b24_session", session, httponly=True, samesite="lax")
        return response

    async def current(self, key: str) -> LoggedInPerson | None:
        """Return the person."""
        return PERSON if key == PERSON.key else None


def main() -> None:
    """Serve until the process is ended."""
    port = int(sys.argv[1])
    url = f"http://127.0.0.1:{port}/mcp"
    state = open_state("memory")
    people = GrantServer(url, state, OnePerson(), fetcher=_documents())
    options = HttpOptions(port=port, url=url, login=True, keys=("k" * 32,), sessions=True)
    server = build_server(Redactor(), level="full", keys=options.keys)
    application, _ = http_application(server, options, state, grants=people)
    uvicorn.run(application, host="127.0.0.1", port=port, log_level="warning", ws="none")


def _documents() -> GuardedFetcher:
    """Return a fetcher that finds a document with the usual callbacks of native clients at every address."""

    def answer(request: httpx.Request) -> httpx.Response:
        address = f"https://{request.headers['host']}{request.url.path}"
        host = urlsplit(address).hostname
        content = json.dumps({"client_id": address, "client_name": f"Client of {host}", "redirect_uris": CALLBACKS})

        async def whole() -> AsyncIterator[bytes]:
            yield content.encode()

        return httpx.Response(200, headers={"content-type": "application/json"}, content=whole())

    async def public(_: str) -> list[str]:
        return ["93.184.215.14"]

    return GuardedFetcher(resolve=public, transport=lambda: httpx.MockTransport(answer))


if __name__ == "__main__":
    main()
