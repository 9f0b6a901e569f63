"""A Bitrix24 portal in a process: the REST API version 2 over a company that does not exist.

It is written from the wire behaviour of real portals and shares no code with the client of this package, so that a
mistake in one is not hidden by the same mistake in the other.
"""

from __future__ import annotations

from b24_mcp.sandbox.app import DEMO_WEBHOOK, LoggedCall, Sandbox
from b24_mcp.sandbox.serving import serve

__all__ = ["DEMO_WEBHOOK", "LoggedCall", "Sandbox", "serve"]
