"""What is known of methods where a portal is concerned: the catalogue, and what the portal says of its REST 3.0."""

from __future__ import annotations

from dataclasses import dataclass

from b24_mcp.catalog import Catalogue, known_methods

# Parts of the framework, which no document lists: wherever there is a REST 3.0, they are.
_EVERYWHERE = frozenset(("batch", "documentation", "scopes", "rest.documentation.openapi", "rest.scope.list"))


@dataclass(frozen=True, slots=True)
class Knowledge:
    """`catalogue` is the documented one, with the methods this portal has beyond it. `offered` are the names of its
    REST 3.0 in lower case: none at all where it has no REST 3.0, and None while that is not known, for the reason
    `trouble` gives.
    """

    catalogue: Catalogue
    offered: frozenset[str] | None = None
    trouble: str = ""

    def available(self, method: str, version: str) -> bool | None:
        """Whether the portal has a method, as far as its document says. Of the older generation it says nothing."""
        if version != "v3" or self.offered is None:
            return None
        name = method.lower()
        return name in self.offered or (bool(self.offered) and name in _EVERYWHERE)


def documented() -> Knowledge:
    """What is known without any portal."""
    return Knowledge(known_methods())
