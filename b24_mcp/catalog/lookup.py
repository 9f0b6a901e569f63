"""The catalogue of this process, and the questions that are asked of it before a call."""

from __future__ import annotations

from functools import cache

from b24_mcp.catalog.arguments import synonyms, words
from b24_mcp.catalog.catalogue import Catalogue, shipped_catalogue
from b24_mcp.catalog.facts import Version
from b24_mcp.catalog.links import pages_of_call
from b24_mcp.catalog.lists import list_facts
from b24_mcp.catalog.outside_texts import has_outside_texts
from b24_mcp.catalog.positional import arguments_of
from b24_mcp.catalog.user_catalogue import user_catalogue


@cache
def known_methods() -> Catalogue:
    """Return the catalogue that comes with the package, or the one that a user built from newer documentation.

    The latter cannot lower an effect or a risk: write access to the data folder must not weaken the gate.
    """
    shipped = Catalogue(shipped_catalogue())
    own = user_catalogue()
    return shipped if own is None else Catalogue(own, floor=shipped)


def is_reading(method: str, version: str | None = None) -> bool:
    """Whether a method, in any letter case, certainly changes nothing, so that it may be sent again.

    The verb in a name proves nothing: some methods called `get` delete or acknowledge what they return. Without a
    version, the method must be read-only in all versions of the API that have the name.
    """
    catalogue = known_methods()
    if version:
        return catalogue.effect(method, version) == "read"
    versions = catalogue.versions(method)
    return bool(versions) and all(catalogue.effect(method, one) == "read" for one in versions)


def choose_version(catalogue: Catalogue, method: str, params: object) -> Version:
    """Return the version of the API for a call that does not name one.

    This is the version that has the method. If both have it, this is v2, unless the parameters fit only v3. A method
    that is not in the catalogue is called in v2.
    """
    versions = catalogue.versions(method)
    if len(versions) < 2 or not isinstance(params, dict):
        return "v3" if versions == ["v3"] else "v2"
    return "v3" if _misfits(catalogue, method, "v2", params) and not _misfits(catalogue, method, "v3", params) else "v2"


def load() -> None:
    """Read the catalogue from disk now, so that no later question has to wait for it."""
    known_methods().risky("profile", "v2")
    list_facts("profile", "v2")
    arguments_of("profile")
    has_outside_texts("profile")
    pages_of_call("profile", {})
    synonyms.load()
    words.load()


def _misfits(catalogue: Catalogue, method: str, version: Version, params: dict[str, object]) -> bool:
    known = catalogue.method(method, version)
    return known is not None and bool(known.parameters.check(params, refers=True))
