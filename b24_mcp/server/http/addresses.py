"""The part of an address after `?`, which narrows what a client is offered, and the page that describes the offer."""

from __future__ import annotations

from collections.abc import Sequence

from mcp.server.mcpserver import MCPServer
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from b24_mcp.app.app import App
from b24_mcp.server.callers import rights_of_token
from b24_mcp.server.described import offer_form
from b24_mcp.server.http.limits import refusal
from b24_mcp.server.offer import SCOPE_KEY, Offer, offer_of_address


class NarrowingAddress:
    """Middleware that reads the query of an address into the scope, or refuses the request (400).

    `portals` are the configured ones; empty when they are not known.
    """

    def __init__(self, app: ASGIApp, portals: Sequence[str] = ()) -> None:
        self._app = app
        self._portals = portals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle the request within the offer of its address."""
        try:
            query = scope.get("query_string", b"").decode("ascii")
            offer = offer_of_address(query, self._portals)
        except UnicodeDecodeError:
            await _refused("it is not ASCII")(scope, receive, send)
        except ValueError as exc:
            await _refused(str(exc))(scope, receive, send)
        else:
            await self._app({**scope, SCOPE_KEY: offer}, receive, send)


class OfferPage:
    """The application that answers what an address offers to the caller."""

    def __init__(self, server: MCPServer[App], base: Offer, portals: Sequence[str]) -> None:
        self._server = server
        self._base = base
        self._portals = portals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with JSON."""
        offer = self._base.narrowed(scope[SCOPE_KEY]).narrowed(rights_of_token())
        form = await offer_form(self._server, offer, self._portals)
        await JSONResponse(form, headers={"cache-control": "no-store"})(scope, receive, send)


def _refused(why: str) -> JSONResponse:
    return refusal(400, f"The address cannot be served: {why}. Nothing was executed.", retrying=False)
