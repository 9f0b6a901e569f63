"""Joining what a portal says of its REST 3.0 with the catalogue."""

from __future__ import annotations

from typing import Any

from b24_mcp.catalog import known_methods
from b24_mcp.catalog.compiling import CatalogueEntry
from b24_mcp.discovery.knowledge import Knowledge
from b24_mcp.discovery.openapi import PortalMethod, read_openapi

_NOTE = "Nobody has judged it yet: it is known from this portal alone."


def known_with(document: Any) -> Knowledge | None:
    """Join the catalogue and the OpenAPI document of a portal, None for a portal without REST 3.0. Documented methods
    keep what is documented of them.

    Gives None when there is not one method in the document.
    """
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
    """What is not known of a method is not taken for harmless, whatever the verb in its name."""
    russian = method.title if method.is_russian else ""
    return CatalogueEntry(method.form, "destructive", _NOTE, method.title, russian, added=True)
