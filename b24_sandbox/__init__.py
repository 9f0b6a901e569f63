"""A Bitrix24 portal in one process: REST API versions 2 and 3 over the data of an invented company.

It follows the wire behaviour of real portals. It shares no code with the client of this package, so the same mistake
cannot hide in both.
"""

from __future__ import annotations

from b24_sandbox.app import DEMO_WEBHOOK, LoggedCall, Sandbox
from b24_sandbox.server import serve

__all__ = ["DEMO_WEBHOOK", "LoggedCall", "Sandbox", "serve"]
