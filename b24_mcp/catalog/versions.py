"""Which generation of the API a call is meant for, where its caller does not say."""

from __future__ import annotations

from typing import Any

from b24_mcp.catalog.catalogue import Catalogue
from b24_mcp.catalog.checking import Problem, check_arguments
from b24_mcp.catalog.facts import Version


def choose_version(catalogue: Catalogue, method: str, params: Any) -> Version:
    """The generation a method exists in; v2 where it exists in both, unless only v3 has such parameters.

    A method that is not in the catalogue is called in v2.
    """
    versions = catalogue.versions(method)
    if versions == ["v3"]:
        return "v3"
    if len(versions) < 2 or not isinstance(params, dict):
        return "v2"
    older, newer = (_problems(catalogue, method, version, params) for version in ("v2", "v3"))
    return "v3" if older and not newer else "v2"


def _problems(catalogue: Catalogue, method: str, version: Version, params: dict[str, Any]) -> list[Problem]:
    known = catalogue.method(method, version)
    return [] if known is None else check_arguments(known.name, version, known.facts.params, params)
