"""The tries of one request, and what is known of its execution in the end.

A try is in doubt when the request was sent and no answer says that it was not executed. The outcome of a later try does
not remove that doubt; only an answer does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from b24_mcp.errors import B24Error, our_error
from b24_mcp.errors.error import after_doubt
from b24_mcp.rest.idempotency import PORTAL_SECONDS, KeptKey
from b24_mcp.rest.limits.retries import is_answer
from b24_mcp.rest.wire.request import Content, Request

if TYPE_CHECKING:
    from b24_mcp.rest.wire.file_body import OnPiece


@dataclass(slots=True)
class Delivery:
    """The tries of one request. `content` is its encoded body, whose progress `on_piece` reports.

    `in_flight` is true while a try is sent and neither answered nor known to have failed. `sent_at` is when the last
    one was sent (Unix time). `answered` is true once a try succeeded. `doubt` is the first failure of a write after
    which it may have been executed.
    """

    request: Request
    content: Content
    on_piece: OnPiece | None = None
    in_flight: bool = False
    sent_at: float = 0.0
    answered: bool = False
    doubt: B24Error | None = None
    _again_from: float = 0.0

    def failed(self, error: B24Error) -> None:
        """Record how a try ended."""
        self.in_flight = False
        self._note_try()
        if error.fault.executed == "unknown" and not self.request.reads:
            self.doubt = self.doubt or error
        if error.fault.executed == "no" and self.doubt is None:
            self._again_from = 0.0
        elif is_answer(error.fault):
            self._again_from = 0.0  # the portal has finished it

    def resume(self, kept: KeptKey) -> None:
        """Continue under the key of the same call, whose outcome is unknown."""
        self.request = replace(self.request, key=kept.key)
        self._again_from = kept.again_from
        self.doubt = our_error("B24MCP_STILL_RUNNING", "the same call was made before, with an unknown outcome.")

    def again_from(self, now: float) -> float:
        """Return when no try of this call can be running any more (Unix time)."""
        self._note_try()
        return max(now, self._again_from)

    def _note_try(self) -> None:
        """Count the last sent try as one that the portal may still be executing."""
        if self.sent_at:
            self._again_from, self.sent_at = max(self._again_from, self.sent_at + PORTAL_SECONDS), 0.0

    def is_unknown(self, error: B24Error | None) -> bool:
        """Whether the call may have been executed, if it ends now, with this error or without an error."""
        if self.request.reads or self.answered:
            return False
        return self.in_flight or self.doubt is not None or (error is not None and error.fault.executed == "unknown")

    def out_of_time(self, seconds: float) -> B24Error:
        """Return the error of a call that reached its deadline."""
        method = self.request.method
        if self.in_flight:
            message = f"The portal did not answer before the deadline of {seconds:g} seconds for the whole call."
            error = our_error("B24MCP_TIMEOUT", message, method=method)
            self.failed(error)
            return error
        message = f"The request could not be sent before the deadline of {seconds:g} seconds for the whole call."
        return our_error("B24MCP_DEADLINE", message, method=method)

    def truth(self, error: B24Error) -> B24Error:
        """Return the error to raise, which takes all tries into account."""
        return error if self.doubt is None else after_doubt(error, self.doubt)

    def repeatable(self, error: B24Error) -> B24Error:
        """Return the error for a portal that honours keys: the same call can be made again and is executed once."""
        self._note_try()
        moment = moment_text(self._again_from) if self._again_from else "now"
        hint = (
            f"It may have been executed. From {moment} on, within 24 hours, make exactly the same call again: it is "
            "sent with the same idempotency key, so the portal executes it once. Do not change anything in it."
        )
        return B24Error(replace(error.fault, hint=hint, retryable=True), error.method)


def moment_text(moment: float) -> str:
    """Return a Unix time as text for a message, rounded up to whole seconds."""
    return datetime.fromtimestamp(math.ceil(moment), UTC).isoformat()
