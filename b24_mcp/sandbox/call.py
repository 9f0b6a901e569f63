"""One call as a method sees it: parameters under the family's own rules of key case, who calls, portal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from b24_mcp.sandbox import php
from b24_mcp.sandbox.php import Map, Value

if TYPE_CHECKING:
    from b24_mcp.sandbox.credentials import PortalCaller, RegisteredApplication
    from b24_mcp.sandbox.portal import SandboxPortal
    from b24_mcp.sandbox.registry import RegisteredMethod


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file of a multipart body."""

    filename: str
    content_type: str
    content: bytes


@dataclass(slots=True)
class Call:
    """A call of `method` by `caller`. `start` was taken out of `params`; `None` when not sent.

    `base` is scheme and host as the client used them (`https://portal.example:8024`, no slash at the end), for
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
        """Scopes the credentials were given."""
        return self.caller.scopes

    def grants(self, method: RegisteredMethod) -> bool:
        """Whether the credentials' scopes cover a method."""
        return not method.scope or method.scope in self.caller.scopes

    def link(self, name: str, params: Map, scope: str | None = None) -> str:
        """The address of a signed link that carries `params`: `download`, `upload` or a method's name.

        It holds for these credentials only, and contains them. `scope` is by default the method's own; behind
        `download` and `upload` it chooses the handler (`Registry.link`).
        """
        from b24_mcp.sandbox import links  # needs hashing, which most calls do not

        return links.address(self, name, params, self.method.scope if scope is None else scope)

    @property
    def offset(self) -> int:
        """`start` as a list uses it."""
        return self.start or 0

    @property
    def now(self) -> float:
        """The portal's clock, Unix seconds."""
        return self.portal.clock()

    def classic(self, name: str) -> Value:
        """A parameter as classic CRM methods look it up: exact, UPPER, lower, Capitalised, `arName`."""
        for key in (name, name.upper(), name.lower(), name.capitalize(), "ar" + name.capitalize()):
            if key in self.params:
                return self.params[key]
        return None

    def exact(self, name: str) -> Value:
        """A parameter as controllers bind it: the documented spelling only."""
        return self.params.get(name)

    def uppered(self) -> Map:
        """All parameters under UPPER-case names, as `user.*` and the common methods read them."""
        return {key.upper(): value for key, value in self.params.items()}

    def positional(self) -> list[Value]:
        """Parameters in order of appearance, names forgotten; texts that name the method itself are dropped."""
        name = self.method.name.lower()
        return [value for value in self.params.values() if not (isinstance(value, str) and name in value.lower())]


def split_start(params: Map) -> tuple[int | None, Map]:
    """Take `start` (exactly so spelled) out of parameters."""
    if "start" not in params:
        return None, params
    rest = dict(params)
    return php.integer(rest.pop("start")), rest
