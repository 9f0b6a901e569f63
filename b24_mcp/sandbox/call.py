"""One call as a method sees it: parameters under the family's own rules of key case, user, portal."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from b24_mcp.sandbox import php
from b24_mcp.sandbox.php import Map, Value

if TYPE_CHECKING:
    from b24_mcp.sandbox.portal import Portal
    from b24_mcp.sandbox.registry import Method


@dataclass(slots=True)
class Call:
    """A call of ``method`` by ``user`` (an id). ``start`` was taken out of ``params``; ``None`` when not sent."""

    portal: "Portal"
    method: "Method"
    user: int
    params: Map
    start: int | None = None

    @property
    def offset(self) -> int:
        """``start`` as a list uses it."""
        return self.start or 0

    @property
    def now(self) -> float:
        """The portal's clock, Unix seconds."""
        return self.portal.clock()

    def classic(self, name: str) -> Value:
        """A parameter as classic CRM methods look it up: exact, UPPER, lower, Capitalised, ``arName``."""
        for key in (name, name.upper(), name.lower(), name.capitalize(), "ar" + name.capitalize()):
            if key in self.params:
                return self.params[key]
        return None

    def exact(self, name: str) -> Value:
        """A parameter as controllers bind it: the documented spelling only."""
        return self.params.get(name)

    def uppered(self) -> Map:
        """All parameters under UPPER-case names, as ``user.*`` and the common methods read them."""
        return {key.upper(): value for key, value in self.params.items()}

    def positional(self) -> list[Value]:
        """Parameters in order of appearance, names forgotten; texts that name the method itself are dropped."""
        name = self.method.name.lower()
        return [value for value in self.params.values() if not (isinstance(value, str) and name in value.lower())]


def split_start(params: Map) -> tuple[int | None, Map]:
    """Take ``start`` (exactly so spelled) out of parameters."""
    if "start" not in params:
        return None, params
    rest = dict(params)
    return php.integer(rest.pop("start")), rest
