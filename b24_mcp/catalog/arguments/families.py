"""What whole families of methods share: where the letter case of names counts, and the operators of their filters.

`data/exact.tsv` has a line for each family: the beginning of its names in lower case, and in `exact` which names are
accepted in their documented letter case only: `all`; `names` of parameters; `fields` inside parameters; or `none`. The
first line that fits counts. A family without a line is not judged; REST 3.0 is always exact. `capitals` is `yes` where
the names in `filter`, `order` and `select` may be written `likeThis` and `LIKE_THIS`, and `flat` where conditions of
the filter may also stand beside it. `letters` is `yes` where flags are compared with the letter, so that `true` counts
as `N`.

`data/operators.tsv` has the operators that are allowed before a name in a filter, separated by spaces, where not all of
them are; `instead` is the advice for others. `groups` is `yes` where conditions can be joined by
`LOGIC`, and advice where `LOGIC` is ignored; of other methods nothing is known.

`data/lenient.tsv` has single fields whose documentation is stricter than the portal or the official SDK: `missing`
fields may be left out, `any` problem with the field is only a warning, and a `known` field is accepted without one
although it is not documented.

`data/needs.tsv` has parameters that have no effect unless another one is given too.

`data/listed.tsv` has fields that are lists although their documentation does not say so.

`data/elsewhere.tsv` has `words` that are not fields of what some `methods` write or search, such as prices of a product
and product rows of a deal; `advice` names the method or the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from typing import Literal

from b24_mcp.catalog.tables import read_table

Case = Literal["exact", "any", "unknown"]
"""How the letter case of a name counts; `unknown` where nothing is known about the family."""

OPERATORS = frozenset(
    "= ! != <> < <= > >= >< !>< @ !@ % !% =% %= !=% !%= ? !? * *= *% ~ + == === !== <=> -".split()  # noqa: SIM905
)
"""Every operator that some family takes before a name in a filter."""
OPERATOR_SIGNS = "<>=!%@~?*+"
"""The characters of which operators consist."""


@dataclass(frozen=True, slots=True)
class MethodFamily:
    """What the methods of one family share.

    `operators` is None where any is accepted. `entity` is what the method is about, `deal` for `crm.deal.list`.
    `takes_groups` is set where the filter takes groups of conditions, and `instead_of_groups` is the advice of a method
    whose filter ignores them; nothing is known where both are empty. `elsewhere` says where undocumented names, as they
    are compared, are written. `is_described` is set when the portal itself is asked which fields there are. `listed`
    are fields that are lists, and `letters` is set when `true` does not count as `Y`.
    """

    names: Case = "unknown"
    fields: Case = "unknown"
    capitals: bool = False
    flat: bool = False
    operators: frozenset[str] | None = None
    instead: str = ""
    instead_of_groups: str = ""
    takes_groups: bool = False
    entity: str = ""
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    is_described: bool = False
    letters: bool = False
    listed: frozenset[str] = frozenset()


_CASES: dict[str, tuple[Case, Case]] = {
    "all": ("exact", "exact"),
    "names": ("exact", "any"),
    "fields": ("any", "exact"),
    "none": ("any", "any"),
    "": ("unknown", "unknown"),
}
_NO_LINE = {"exact": "", "capitals": "", "flat": "", "letters": ""}


@cache
def family_of(method: str, version: str) -> MethodFamily:
    """Return the family of a method by its name in lower case."""
    entity = method.split(".")[-2:][0].rpartition("_")[2]
    if version == "v3":
        return MethodFamily("exact", "exact", entity=entity, elsewhere=_elsewhere(method))
    line = next((line for line in _lines() if method.startswith(line["prefix"])), _NO_LINE)
    names, fields = _CASES[line["exact"]]
    _, operators, instead, of_groups = next(
        (row for row in _operators() if method.startswith(row[0])), ("", None, "", "")
    )
    return MethodFamily(
        names,
        fields,
        capitals=line["capitals"] == "yes",
        flat=line["flat"] == "yes",
        operators=operators,
        instead=instead,
        instead_of_groups=of_groups if of_groups != "yes" else "",
        takes_groups=of_groups == "yes",
        entity=entity,
        elsewhere=_elsewhere(method),
        is_described=_described(method),
        listed=_listed(method),
        letters=line["letters"] == "yes",
    )


def _elsewhere(method: str) -> Mapping[str, str]:
    """Return where names are written that are no fields of what a method writes, although they seem to be."""
    found: dict[str, str] = {}
    for patterns, words, advice in _others():
        if any(fnmatchcase(method, pattern) for pattern in patterns):
            found |= {word: advice for word in words if word not in found}
    return found


def _listed(method: str) -> frozenset[str]:
    """Return the fields of a method that are lists although it is not documented."""
    return frozenset(name for methods, names in _lists() if method in methods for name in names)


def _described(method: str) -> bool:
    return any(fnmatchcase(method, row["method"].lower()) for row in _entities())


@cache
def _entities() -> list[dict[str, str]]:
    return read_table("entities")


@cache
def _lists() -> list[tuple[list[str], list[str]]]:
    return [(row["methods"].split(","), row["fields"].split()) for row in read_table("listed")]


@cache
def _others() -> list[tuple[list[str], list[str], str]]:
    return [(row["methods"].split(","), row["words"].split(), row["advice"]) for row in read_table("elsewhere")]


@cache
def _lines() -> list[dict[str, str]]:
    return read_table("exact")


@cache
def _operators() -> list[tuple[str, frozenset[str] | None, str, str]]:
    return [
        (row["prefix"], frozenset(row["operators"].split()) or None, row["instead"], row["groups"])
        for row in read_table("operators")
    ]


@cache
def lenient_fields() -> dict[str, dict[str, str]]:
    """Return what is lenient about fields, by the names of methods in lower case and the paths of the fields."""
    fields: dict[str, dict[str, str]] = {}
    for row in read_table("lenient"):
        fields.setdefault(row["method"], {})[row["field"]] = row["what"]
    return fields


@dataclass(frozen=True, slots=True)
class Need:
    """A parameter that has no effect unless `beside` is given: the name of another one, and its value."""

    parameter: str
    beside: str


def needs_of(method: str) -> tuple[Need, ...]:
    """Return the parameters of a method, by its name in lower case, that need others beside them."""
    return tuple([need for name, need in _needs() if name == method])


@cache
def _needs() -> list[tuple[str, Need]]:
    return [
        (name, Need(row["parameter"], row["beside"]))
        for row in read_table("needs")
        for name in row["methods"].split(",")
    ]
