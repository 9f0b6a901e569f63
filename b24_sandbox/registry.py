"""The registry of methods and the lookup by name.

Classic methods are found by their lower-case name. Controllers are found in two steps, as on the portal: the class (all
but the last part of the name) decides whether the method exists; the action is checked only when it runs.

A module of methods has a `MethodTable`, which adds each method where it is defined:

    method = MethodTable("crm")
    register = method.register

    @method("crm.status.get")
    def _status_get(call: Call) -> Value: ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypedDict, TypeVar, Unpack

from b24_sandbox.call import Call
from b24_sandbox.errors import (
    PortalError,
    access_denied,
    application_context_required,
    link_check_failed,
    wrong_auth_type,
)
from b24_sandbox.links import LINKS
from b24_sandbox.php import Value

Run = Callable[[Call], Value]
"""The body of a method: call -> result. The result is a value, a `RowPage`, or a `Response` to send bytes and headers
directly.
"""

Defined = TypeVar("Defined", bound=Run)


class Restrictions(TypedDict, total=False):
    """Who may call a method.

    `app_only` refuses webhooks with 403 `WRONG_AUTH_TYPE`. `app_context` refuses them with 403 `ACCESS_DENIED`
    "Application context required" (families differ). `webhook_only` refuses applications with 403 `WRONG_AUTH_TYPE`.
    `admin_only` refuses all users except administrators with 403 `ACCESS_DENIED`.
    """

    app_only: bool
    app_context: bool
    webhook_only: bool
    admin_only: bool


@dataclass(frozen=True, slots=True)
class RegisteredMethod:
    """A method under its documented name, with its `Restrictions`.

    With an empty `scope` any valid credentials are accepted.
    """

    name: str
    scope: str
    run: Run
    controller: bool = False
    app_only: bool = False
    app_context: bool = False
    webhook_only: bool = False
    admin_only: bool = False

    def admit(self, call: Call) -> None:
        """Check the kind of the caller.

        Raises:
            PortalError: for a caller that the method does not accept.
        """
        by_application = call.caller.application is not None
        if (self.app_only and not by_application) or (self.webhook_only and by_application):
            raise wrong_auth_type()
        if self.app_context and not by_application:
            raise application_context_required()
        if self.admin_only and not call.admin:
            raise access_denied()


class Registry:
    """All methods of the portal. Each module of `b24_sandbox.methods` adds its own."""

    def __init__(self) -> None:
        self._methods: dict[str, RegisteredMethod] = {}
        self._controllers: dict[str, tuple[str, str]] = {}
        self._links: dict[tuple[str, str], Run] = {}

    def classic(self, name: str, scope: str, run: Run, **restrictions: Unpack[Restrictions]) -> None:
        """Add a classic method."""
        self._methods[name.lower()] = RegisteredMethod(name, scope, run, **restrictions)

    def controller(
        self,
        prefix: str,
        php_class: str,
        scope: str,
        actions: Mapping[str, Run],
        **restrictions: Unpack[Restrictions],
    ) -> None:
        """Add a controller with its actions. The error for a wrong action names `php_class`.

        A second call for the same prefix adds actions, for example actions with other restrictions.
        """
        self._controllers[prefix.lower()] = (php_class, scope)
        for action, run in actions.items():
            name = f"{prefix}.{action}"
            self._methods[name.lower()] = RegisteredMethod(name, scope, run, controller=True, **restrictions)

    def restrict(self, name: str, refusal: PortalError) -> None:
        """Refuse a registered method to all users except administrators, with the error of its family."""
        method = self._methods[name.lower()]

        def run(call: Call) -> Value:
            if not call.admin:
                raise PortalError(refusal.code, refusal.description, refusal.status)
            return method.run(call)

        self._methods[name.lower()] = replace(method, run=run)

    def link(self, name: str, scope: str, run: Run) -> None:
        """Register the handler of signed `download` or `upload` links of a scope.

        `run` gets the signed parameters (`Call.link` creates the address) and for an upload also `call.files`. A
        download returns a `Response`. The result of an upload is sent as `{"result": …}` without `time`.
        """
        if name not in LINKS:
            raise ValueError(f"Unknown kind of link: {name}")
        self._links[name, scope] = run

    def linked(self, name: str, scope: str) -> RegisteredMethod | None:
        """The handler of a signed link `name` (`download` or `upload`) of `scope`."""
        run = self._links.get((name, scope))
        return None if run is None else RegisteredMethod(name, scope, run)

    def find(self, name: str) -> RegisteredMethod | None:
        """Find a method by name. For an existing controller there is always a result, whatever the action."""
        if name.lower() in LINKS:
            return RegisteredMethod(name.lower(), "", _only_signed)
        method = self._methods.get(name.lower())
        if method is not None:
            return method
        prefix, _, action = name.rpartition(".")
        known = self._controllers.get(prefix.lower())
        if known is None or not action:
            return None
        php_class, scope = known
        return RegisteredMethod(name, scope, _no_action(action, php_class), controller=True)

    def methods(self) -> list[RegisteredMethod]:
        """All methods, including those of controllers."""
        return list(self._methods.values())

    def listed(self, scope: str | None = None) -> list[str]:
        """The names of classic methods (controllers are never listed), of one scope or of all."""
        return [
            method.name
            for method in self._methods.values()
            if not method.controller and (scope is None or method.scope == scope)
        ]

    def scopes(self) -> list[str]:
        """All scopes of the registered methods."""
        return sorted({method.scope for method in self._methods.values() if method.scope})


class MethodTable:
    """The methods that a module defines, in one scope; with a `php_class` they are actions of that controller."""

    def __init__(self, scope: str, php_class: str = "", **restrictions: Unpack[Restrictions]) -> None:
        self._scope = scope
        self._php_class = php_class
        self._restrictions = restrictions
        self._registrations: list[Callable[[Registry], None]] = []

    def __call__(self, name: str, **restrictions: Unpack[Restrictions]) -> Callable[[Defined], Defined]:
        """Decorate a function: it becomes the method `name`. The restrictions are added to those of the table."""

        def define(run: Defined) -> Defined:
            self.add(name, run, **restrictions)
            return run

        return define

    def add(self, name: str, run: Run, **restrictions: Unpack[Restrictions]) -> None:
        """Add the method `name` with the body `run`."""
        self._registrations.append(partial(self._register, name=name, run=run, own=restrictions))

    def controller(self, php_class: str, **restrictions: Unpack[Restrictions]) -> MethodTable:
        """A table for the actions of a controller, which this table registers too. It inherits the restrictions."""
        inherited: Restrictions = {**self._restrictions, **restrictions}
        table = MethodTable(self._scope, php_class, **inherited)
        self._registrations.append(table.register)
        return table

    def of_scope(self, scope: str) -> MethodTable:
        """A table for methods of another scope, which this table registers too. It inherits the restrictions."""
        table = MethodTable(scope, **self._restrictions)
        self._registrations.append(table.register)
        return table

    def register(self, registry: Registry) -> None:
        """Add the methods to a registry, in the order in which they are defined."""
        for registration in self._registrations:
            registration(registry)

    def _register(self, registry: Registry, name: str, run: Run, own: Restrictions) -> None:
        restrictions: Restrictions = {**self._restrictions, **own}
        if not self._php_class:
            registry.classic(name, self._scope, run, **restrictions)
            return
        prefix, _, action = name.rpartition(".")
        registry.controller(prefix, self._php_class, self._scope, {action: run}, **restrictions)


def _only_signed(call: Call) -> Value:
    raise link_check_failed()


def _no_action(action: str, php_class: str) -> Run:
    def run(call: Call) -> Value:
        raise PortalError("22002", f"Could not find description of {action} in {php_class}")

    return run
