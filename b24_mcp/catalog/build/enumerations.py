"""Values that another page has, or that a page has in a form without rules, kept as tables in `data`.

`enumerations.tsv` has types of parameters, and anchors of reference pages that descriptions link to:

| column | meaning |
|---|---|
| `of` | a type such as `crm_enum_contenttype`, or an anchor such as `#object_type` (of numbers: for integers) |
| `values` | the values, separated by commas |
| `open` | `yes`: a portal may have more |
| `source` | the method that returns them |

`values.tsv` has single parameters by `method` (in lower case), `version` and `parameter` (the path), with `values`
(`-`: none, although the page seems to list some), `open`, and the `reason`. A `method` such as `landing.*` stands for
all methods of a family whose pages list no values of the parameter. `sources.tsv` has the methods that return
the values of single parameters, in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from b24_mcp.catalog.build.values import Allowed
from b24_mcp.catalog.tables import read_table

_NO_VALUES = "-"
_ANCHOR = re.compile(r"(#[\w-]+)\)")


@dataclass(frozen=True, slots=True)
class Enumeration:
    """The values of a type, and the method that returns them."""

    allowed: Allowed
    source: str

    @property
    def is_of_numbers(self) -> bool:
        """Whether the values are numbers: an anchor is for integers then, otherwise for texts."""
        return all(map(str.isdigit, self.allowed.values))


def enumeration_of(kind: str, text: str) -> Enumeration | None:
    """Return the enumeration of a type, or the one that the cells of an integer link to."""
    if kind in _enumerations():
        return _enumerations()[kind]
    if kind not in {"integer", "int", "string"}:
        return None
    linked = [_enumerations()[one] for one in _ANCHOR.findall(text) if one in _enumerations()]
    return next((one for one in linked if one.is_of_numbers == (kind != "string")), None)


def stated_values(method: str, version: str) -> Mapping[str, Allowed]:
    """Return the values of the parameters of a method that a table states, by path."""
    return _stated().get((method.lower(), version), {})


def common_values(method: str, version: str) -> Mapping[str, Allowed]:
    """Return the values that a table states for the parameters of the family of a method, by path."""
    return _stated().get((f"{method.lower().partition('.')[0]}.*", version), {})


def stated_sources(method: str, version: str) -> Mapping[str, str]:
    """Return the methods that, by a table, return the values of the parameters of a method, by path."""
    return _sources().get((method.lower(), version), {})


def _allowed(row: Mapping[str, str]) -> Allowed:
    if row["values"] == _NO_VALUES:
        return Allowed()
    return Allowed(tuple(row["values"].split(",")), row["open"] == "yes")


@cache
def _enumerations() -> dict[str, Enumeration]:
    return {row["of"]: Enumeration(_allowed(row), row["source"]) for row in read_table("enumerations")}


@cache
def _sources() -> dict[tuple[str, str], dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    for row in read_table("sources"):
        found.setdefault((row["method"], row["version"]), {})[row["parameter"]] = row["source"]
    return found


@cache
def _stated() -> dict[tuple[str, str], dict[str, Allowed]]:
    found: dict[tuple[str, str], dict[str, Allowed]] = {}
    for row in read_table("values"):
        found.setdefault((row["method"], row["version"]), {})[row["parameter"]] = _allowed(row)
    return found
