"""What calling a method does, asked by those who decide whether it may be called twice."""

from __future__ import annotations

from functools import cache

from b24_mcp.catalog.catalogue import Catalogue, shipped_catalogue
from b24_mcp.catalog.lists import list_facts
from b24_mcp.catalog.user_catalogue import own_catalogue


@cache
def known_methods() -> Catalogue:
    """Return the catalogue that comes with the package, or the one a person built from newer documentation.

    The latter cannot lower an effect or a risk: whoever can write to the data folder must not weaken the gate.
    """
    shipped = Catalogue(shipped_catalogue())
    own = own_catalogue()
    return shipped if own is None else Catalogue(own, floor=shipped)


def is_reading(method: str, version: str | None = None) -> bool:
    """Tell whether a method, in any letter case, surely changes nothing, so that it may be called twice.

    A verb in a name proves nothing: there are methods called `get` that delete or acknowledge what they return. Without
    a version, all generations of the API that have the name must read.
    """
    catalogue = known_methods()
    versions = [version] if version else catalogue.versions(method)
    return bool(versions) and all(catalogue.effect(method, one) == "read" for one in versions)


def load() -> None:
    """Open the catalogue now, so that no later question has to read from disk first."""
    known_methods().effect("profile")
    known_methods().spelling("profile")
    known_methods().risks("profile", "v2")
    list_facts("profile", "v2")
