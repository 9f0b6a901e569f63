"""What the transfer of files needs of the sender of a portal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from b24_mcp.rest.wire.answer import Answer

if TYPE_CHECKING:
    from b24_mcp.rest.auth.credential import Credential
    from b24_mcp.rest.limits.deadline import Clock, Deadline
    from b24_mcp.rest.limits.limits import Limits
    from b24_mcp.rest.planned import PlannedCall
    from b24_mcp.rest.wire.file_body import OnPiece
    from b24_mcp.rest.wire.request import Request
    from b24_mcp.rest.wire.transport import Transport

Finish = Callable[[Answer], Awaitable[Answer]]
"""The rest of a call that needs more than one request: gets the first answer, and returns that of the whole call."""


class RequestSender(Protocol):
    """Sends requests to one portal; see `b24_mcp.rest.sender.Sender`."""

    clock: Clock
    limits: Limits

    @property
    def credential(self) -> Credential:
        """The credential, for the address at which the portal answers now."""
        ...

    async def send_call(self, planned: PlannedCall, deadline: Deadline, permit: object | None = None) -> Answer:
        """Send one planned call."""
        ...

    async def send(
        self,
        request: Request,
        deadline: Deadline,
        permit: object | None = None,
        *,
        finish: Finish | None = None,
        on_piece: OnPiece | None = None,
    ) -> Answer:
        """Send a finished request."""
        ...

    def transport(self) -> Transport:
        """Return the connections to the portal."""
        ...
