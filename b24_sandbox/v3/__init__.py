"""REST 3.0: everything under `/rest/api/`.

Its methods are loaded at the first call, so a portal that serves only version 2 never loads them. Documentation:
api-reference/rest-v3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from b24_sandbox.call import CallWorld
    from b24_sandbox.messages import HttpRequest, Response
    from b24_sandbox.v3.wire import Log

__all__ = ["SCOPES", "RestV3"]

SCOPES = ("call", "humanresources", "mail", "main", "note", "timeman")
"""The scopes of methods of REST 3.0. Its task methods use the scope of version 2."""


class RestV3:
    """Version 3 of a portal's REST API over HTTP.

    `service` has the optional features of portals: `idempotency` and `aggregate`. Changes of records are written to the
    event log from the moment this object is created. `log` is called with every answered call: method, parameters,
    status, error code, seconds.
    """

    def __init__(self, portal: CallWorld, log: Log | None = None) -> None:
        from b24_sandbox.v3.service import Service  # parses a dozen tables of descriptions

        self.service = Service(portal)
        self._log = log

    def answer(self, received: HttpRequest) -> Response:
        """Answer a request whose path begins with `/rest/api/`."""
        from b24_sandbox.v3.wire import answer

        return answer(self.service, received, self._log)
