"""One call as a method receives it: parameters, caller and portal. Families of methods look up parameter names
differently.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from b24_sandbox import php
from b24_sandbox.php import Map, Value

if TYPE_CHECKING:
    from b24_sandbox.credentials import PortalCaller, RegisteredApplication
    from b24_sandbox.portal import SandboxPortal
    from b24_sandbox.registry import RegisteredMethod


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file of a multipart body."""

    filename: str
    content_type: str
    content: bytes


@dataclass(slots=True)
class Call:
    """A call of `method` by `caller`. `start` is removed from `params`; it is `None` when it was not sent.

    `base` is the scheme and host the client used (`https://portal.example:8024`, without a trailing slash), for
    addresses in answers. `files` are the file parts of a multipart body by field name.
    """

    portal: SandboxPortal
    method: RegisteredMethod
    caller: PortalCaller
    params: Map
    start: int | None = None
    base: str = "http://127.0.0.1"
    files: Mapping[str, FilePart] = field(default_factory=dict)

    @property
    def user(self) -> int:
        """The id of the user the call acts as."""
        return self.caller.user

    @property
    def admin(self) -> bool:
        """Whether that user is an administrator of the portal."""
        return self.caller.admin

    @property
    def application(self) -> RegisteredApplication | None:
        """The OAuth application that calls; `None` for a webhook."""
        return self.caller.application

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes granted to the credentials."""
        return self.caller.scopes

    def grants(self, method: RegisteredMethod) -> bool:
        """Whether the scopes of the credentials cover a method."""
        return not method.scope or method.scope in self.caller.scopes

    def link(self, name: str, params: Map, scope: str | None = None) -> str:
        """The address of a signed link that contains `params`: `download`, `upload` or the name of a method.

        The link contains these credentials and is valid for them only. `scope` defaults to the scope of the method; for
        `download` and `upload` it selects the handler (`Registry.link`).
        """
        from b24_sandbox import links  # imports hashing, which most calls do not need

        return links.address(self, name, params, self.method.scope if scope is None else scope)

    @property
    def offset(self) -> int:
        """`start` as a list uses it."""
        return self.start or 0

    @property
    def now(self) -> float:
        """The time of the portal's clock in Unix seconds."""
        return self.portal.clock()

    def classic(self, name: str) -> Value:
        """Return a parameter as classic CRM methods look it up: exact, UPPER, lower, Capitalised, `arName`."""
        for key in (name, name.upper(), name.lower(), name.capitalize(), "ar" + name.capitalize()):
            if key in self.params:
                return self.params[key]
        return None

    def exact(self, name: str) -> Value:
        """Return a parameter as controllers bind it: the documented spelling only."""
        return self.params.get(name)

    def upper_case(self) -> Map:
        """All parameters under UPPER-case names, as `user.*` and the common methods read them."""
        return {key.upper(): value for key, value in self.params.items()}

    def positional(self) -> list[Value]:
        """The parameters in order of appearance without their names. Texts that equal the method name are dropped."""
        name = self.method.name.lower()
        return [value for value in self.params.values() if not (isinstance(value, str) and name in value.lower())]


def split_start(params: Map) -> tuple[int | None, Map]:
    """Split `start` (this exact spelling) from the other parameters."""
    if "start" not in params:
        return None, params
    rest = dict(params)
    return php.integer(rest.pop("start")), rest
