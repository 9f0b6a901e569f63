"""Which methods there are, and how a name finds one.

Classic methods are found by their lower-case name. Controllers are found in two steps, as on the portal: the class
(all but the last part of the name) decides whether the method exists, the action only when it is run.
"""

from collections.abc import Callable
from dataclasses import dataclass

from b24_mcp.sandbox.call import Call
from b24_mcp.sandbox.errors import PortalError
from b24_mcp.sandbox.php import Value

Run = Callable[[Call], Value]


@dataclass(frozen=True, slots=True)
class Method:
    """A method under its documented name. ``scope`` empty: any credentials will do."""

    name: str
    scope: str
    run: Run
    controller: bool = False


class Registry:
    """All methods of the portal; each module of :mod:`b24_mcp.sandbox.methods` adds its own."""

    def __init__(self) -> None:
        self._methods: dict[str, Method] = {}
        self._controllers: dict[str, tuple[str, str]] = {}

    def classic(self, name: str, scope: str, run: Run) -> None:
        """Add a classic method."""
        self._methods[name.lower()] = Method(name, scope, run)

    def controller(self, prefix: str, php_class: str, scope: str, actions: dict[str, Run]) -> None:
        """Add a controller with its actions; ``php_class`` is named in the error of a wrong action."""
        self._controllers[prefix.lower()] = (php_class, scope)
        for action, run in actions.items():
            name = f"{prefix}.{action}"
            self._methods[name.lower()] = Method(name, scope, run, controller=True)

    def find(self, name: str) -> Method | None:
        """The method of this name; for an existing controller always one, whatever the action."""
        method = self._methods.get(name.lower())
        if method is not None:
            return method
        prefix, _, action = name.rpartition(".")
        known = self._controllers.get(prefix.lower())
        if known is None or not action:
            return None
        php_class, scope = known
        return Method(name, scope, _no_action(action, php_class), controller=True)

    def listed(self, scope: str | None = None) -> list[str]:
        """Names of classic methods (controllers are never listed), of one scope or all."""
        return [
            method.name
            for method in self._methods.values()
            if not method.controller and (scope is None or method.scope == scope)
        ]

    def scopes(self) -> list[str]:
        """Every scope some method belongs to."""
        return sorted({method.scope for method in self._methods.values() if method.scope})


def _no_action(action: str, php_class: str) -> Run:
    def run(call: Call) -> Value:
        raise PortalError("22002", f"Could not find description of {action} in {php_class}")

    return run
