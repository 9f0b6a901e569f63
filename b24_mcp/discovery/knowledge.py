"""The methods that are known for a portal: the catalogue joined with the OpenAPI document of its REST 3.0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from b24_mcp.catalog import Catalogue, known_methods

if TYPE_CHECKING:
    from b24_mcp.catalog.compiler import CatalogueEntry
    from b24_mcp.discovery.openapi import PortalMethod

# Methods of the framework, which no document lists. Every portal with REST 3.0 has them.
_EVERYWHERE = frozenset(("batch", "documentation", "scopes", "rest.documentation.openapi", "rest.scope.list"))
_NOTE = "It has no review yet, because only this portal is known to have it."


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The methods that are known for a portal.

    `catalogue` has the documented methods and those that only this portal has. `offered` are the names of its REST 3.0
    in lower case: empty when it has no REST 3.0, and None while that is not known, for the reason in `trouble`.
    """

    catalogue: Catalogue
    offered: frozenset[str] | None = None
    trouble: str = ""

    def available(self, method: str, version: str) -> bool | None:
        """Whether the portal has a method, by its OpenAPI document; None when the document does not cover it.

        The document covers REST 3.0 only.
        """
        if version != "v3" or self.offered is None:
            return None
        name = method.lower()
        return name in self.offered or (bool(self.offered) and name in _EVERYWHERE)


def documented() -> Knowledge:
    """Return what is known without a portal."""
    return Knowledge(known_methods())


def known_with(document: object) -> Knowledge | None:
    """Join the catalogue with the OpenAPI document of a portal, which is None for a portal without REST 3.0.

    Documented methods keep their documented facts. Returns None when the document holds no method.
    """
    from b24_mcp.discovery.openapi import read_openapi  # not needed before a portal has answered

    if document is None:
        return Knowledge(known_methods(), frozenset())
    offered = read_openapi(document)
    if not offered:
        return None
    catalogue = known_methods()
    beyond = [method for method in offered if catalogue.method(method.key, "v3") is None]
    if beyond:
        catalogue = catalogue.enlarged(map(_entry, beyond))
    return Knowledge(catalogue, frozenset(method.key for method in offered))


def _entry(method: PortalMethod) -> CatalogueEntry:
    """Return the row of an undocumented method. It counts as destructive, whatever the verb in its name."""
    from b24_mcp.catalog.compiler import CatalogueEntry

    russian = method.title if method.is_russian else ""
    return CatalogueEntry(method.facts, "destructive", _NOTE, method.title, russian, added=True)
