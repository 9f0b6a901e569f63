"""The caller of a method and the records the call may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from b24_sandbox import answer
from b24_sandbox.call import Call
from b24_sandbox.php import Map, Value

if TYPE_CHECKING:
    from b24_sandbox.call import CalledMethod, CallWorld
    from b24_sandbox.callers import PortalCaller
    from b24_sandbox.storage import Storage

# The documentation names the scope of task methods in two ways; portals grant the second to webhooks.
_SAME_SCOPE = {"tasks": "task"}


def granted(caller: PortalCaller, scope: str) -> bool:
    """Whether credentials cover a scope. An empty scope is open to all."""
    return not scope or scope in caller.scopes or _SAME_SCOPE.get(scope) in caller.scopes


@dataclass(frozen=True, slots=True)
class Context:
    """One call: the portal and the credentials."""

    portal: CallWorld
    caller: PortalCaller

    @property
    def user(self) -> int:
        """The id of the acting user."""
        return self.caller.user

    @property
    def admin(self) -> bool:
        """Whether the acting user is an administrator of the portal."""
        return self.caller.admin

    @property
    def now(self) -> float:
        """The time of the portal's clock in Unix seconds."""
        return self.portal.clock()

    @property
    def storage(self) -> Storage:
        """The records of the portal."""
        return self.portal.storage

    def call(self, method: CalledMethod, params: Map) -> Call:
        """A call of a method of version 2 by the same caller."""
        return Call(self.portal, method, self.caller, params)

    def perform(self, name: str, params: Map) -> Value:
        """Run a method of version 2 as the acting user and return its result. Its scope is not required.

        Raises:
            PortalError: the refusal of the method.
        """
        method = self.portal.registry.find(name)
        assert method is not None, name
        return answer.as_page(method.run(self.call(method, params))).result
