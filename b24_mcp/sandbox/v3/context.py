"""Who calls, and what a call may touch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from b24_mcp.sandbox.credentials import PortalCaller
    from b24_mcp.sandbox.portal import SandboxPortal
    from b24_mcp.sandbox.storage import Storage

# The documentation names the scope of task methods both ways; portals grant webhooks the second.
_SAME_SCOPE = {"tasks": "task"}


def granted(caller: PortalCaller, scope: str) -> bool:
    """Whether credentials cover a scope; an empty one is open to all."""
    return not scope or scope in caller.scopes or _SAME_SCOPE.get(scope) in caller.scopes


@dataclass(frozen=True, slots=True)
class Context:
    """One call: the portal and the credentials it is made with."""

    portal: SandboxPortal
    caller: PortalCaller

    @property
    def user(self) -> int:
        """The acting user's id."""
        return self.caller.user

    @property
    def admin(self) -> bool:
        """Whether the acting user administers the portal."""
        return self.caller.admin

    @property
    def now(self) -> float:
        """The portal's clock, Unix seconds."""
        return self.portal.clock()

    @property
    def storage(self) -> Storage:
        """The portal's records."""
        return self.portal.storage
