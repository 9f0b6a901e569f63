"""REST 3.0: everything under `/rest/api/`.

Its methods are loaded on the first call; a portal that is asked for version 2 only never does. Documentation:
api-reference/rest-v3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from b24_mcp.sandbox.messages import HttpRequest, Response
    from b24_mcp.sandbox.portal import SandboxPortal
    from b24_mcp.sandbox.v3.wire import Log

__all__ = ["SCOPES", "RestV3"]

SCOPES = ("humanresources", "main", "note", "timeman")
"""Scopes of methods of REST 3.0; the scope of its tasks is that of the older version."""


class RestV3:
    """Version 3 of a portal's REST API over HTTP.

    `service` has what portals differ in: `idempotency` and
    `aggregate`. Changes of records are in the event log from the moment
    this is made. `log` is told of every answered call: method, parameters, status, code of the error, seconds.
    """

    def __init__(self, portal: SandboxPortal, log: Log | None = None) -> None:
        from b24_mcp.sandbox.v3.service import Service  # its families describe themselves: a dozen tables of text

        self.service = Service(portal)
        self._log = log

    def answer(self, received: HttpRequest) -> Response:
        """Answer a request whose path begins with `/rest/api/`."""
        from b24_mcp.sandbox.v3.wire import answer

        return answer(self.service, received, self._log)
