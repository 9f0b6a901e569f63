"""What is known of methods where a portal is concerned: the catalogue, and what the portal says of its REST 3.0."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from b24_mcp.catalog import Catalogue, shipped
from b24_mcp.catalog.compiling import Entry
from b24_mcp.schema.openapi import PortalMethod

_NOTE = "Nobody has judged it yet: it is known from this portal alone."
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
        """Whether the portal has a method, as far as its document says. Of REST 2.0 it says nothing."""
        if version != "v3" or self.offered is None:
            return None
        name = method.lower()
        return name in self.offered or (bool(self.offered) and name in _EVERYWHERE)


def documented() -> Knowledge:
    """What is known without any portal."""
    return Knowledge(shipped())


def known_with(methods: Iterable[PortalMethod]) -> Knowledge:
    """Join the catalogue and what a portal offers; without methods it has no REST 3.0."""
    catalogue = shipped()
    offered = list(methods)
    beyond = [method for method in offered if catalogue.method(method.key, "v3") is None]
    if beyond:
        catalogue = catalogue.enlarged(map(_entry, beyond))
    return Knowledge(catalogue, frozenset(method.key for method in offered))


def _entry(method: PortalMethod) -> Entry:
    """What is not known of a method is not taken for harmless, whatever the verb in its name."""
    russian = method.title if method.is_russian else ""
    return Entry(method.form, "destructive", _NOTE, method.title, russian, added=True)
