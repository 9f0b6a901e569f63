"""Check the arguments of a call against the documented parameters of the method, before anything is sent.

A certain mistake is refused: a required parameter is missing, a value is an object or a list where the other is
required, or a name is one typing error away from a documented one. Anything else that is unusual passes with a warning:
the documentation does not list custom fields, and portals have more than is documented.

`data/exact.tsv` has the families of methods that accept a name in its documented letter case only: `all` for names of
parameters and their fields, `names` for names of parameters. REST 3.0 belongs to them; other methods accept several
letter cases.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import NoneType

from b24_mcp.catalog.facts import Parameter
from b24_mcp.catalog.filters import UntranslatableError, as_v2, as_v3, is_v3_filter
from b24_mcp.catalog.names import is_slip, nearest
from b24_mcp.catalog.tables import read_table

# A name with such a beginning is a custom field of the portal.
_CUSTOM = ("uf_", "ufcrm", "uf", "property_", "property", "parentid", "auth_connector", "start")
_CUSTOM_FIELDS = (*_CUSTOM, "logic", "::")
_CONTAINERS = {"object", "array", "map", "list"}
_OPERATORS = "<>=!%@~?*+"
_LISTS = (list, tuple, set, frozenset)


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem with one argument. `field` is its path. A `certain` problem is a mistake, any other is only unusual."""

    field: str
    message: str
    certain: bool


@dataclass(frozen=True, slots=True)
class _Usual:
    """What needs no closer look: values of these exact types, and in an object only these keys (None: any key)."""

    types: frozenset[type]
    keys: frozenset[str] | None


class ParameterTable:
    """The documented parameters of a method, prepared to check the arguments of many calls."""

    def __init__(self, method: str, version: str, parameters: Sequence[Parameter]) -> None:
        family = _family_of(method.lower())
        self._version = version
        self._parameters = parameters
        self._exact = version == "v3" or family is not None
        self._exact_fields = self._exact and family != "names"
        self._names = frozenset(parameter.name for parameter in parameters if not parameter.pattern)
        self._by_folded = {name.lower(): name for name in self._names}
        self._has_patterns = any(parameter.pattern for parameter in parameters)
        self._required = frozenset(parameter.name for parameter in parameters if parameter.required is True)
        self._usual: dict[str, _Usual] = {}
        if len(self._by_folded) == len(self._names):  # else one argument may stand for two parameters
            self._usual = {one.name: _usual(one, version) for one in parameters if not one.pattern}

    def check(self, params: Mapping[str, object]) -> list[Problem]:
        """Return the problems with the named arguments of a call, certain ones first.

        The arguments of positional methods are not checked here: only their order is documented.
        """
        if not self._parameters or self._is_usual(params):
            return []
        of_filter = self._check_filter(params)
        of_values = self._check_values(params)
        problems = [*self._check_names(params), *(of_filter or of_values)]
        if of_filter:
            problems += [problem for problem in of_values if problem.field != of_filter[0].field]
        for parameter in self._parameters:
            value = self._value_of(parameter.name, params) if parameter.fields else None
            if isinstance(value, Mapping):
                problems += self._check_fields(parameter, value)
        return sorted(dict.fromkeys(problems), key=lambda problem: not problem.certain)

    def _is_usual(self, params: Mapping[str, object]) -> bool:
        """Whether no argument needs a closer look. Covers most calls without building anything."""
        if not self._required <= params.keys():
            return False
        for name, value in params.items():
            usual = self._usual.get(name)
            if usual is None or type(value) not in usual.types:
                return False
            if usual.keys is None or not isinstance(value, dict):
                continue
            for key in value:
                if key not in usual.keys:
                    bare = str(key).lstrip(_OPERATORS)
                    known = not bare or bare in usual.keys or bare.isdigit()
                    if not known and not bare.lower().startswith(_CUSTOM_FIELDS):
                        return False
        return True

    def _check_names(self, params: Mapping[str, object]) -> list[Problem]:
        """Check names. A typing error in a documented name is certain, any other undocumented name only unusual."""
        missing = [name for name in self._names if self._value_of(name, params) is None]
        problems = []
        for name in params:
            if name in self._names or self._has_patterns or name.lower().startswith(_CUSTOM):
                continue
            if name.lower() in self._by_folded:
                if self._exact:
                    problems.append(Problem(name, f"is written {self._by_folded[name.lower()]}", True))
                continue
            meant = nearest(name, missing)
            if meant is not None:
                problems.append(Problem(name, f"is not a parameter of this method; it is called {meant}", True))
            else:
                problems.append(Problem(name, "is not documented for this method", False))
        return problems

    def _check_fields(self, parameter: Parameter, value: Mapping[str, object]) -> list[Problem]:
        """Check the names of fields inside a parameter. Keys of filters have operators before the name."""
        if any(field.pattern for field in parameter.fields):
            return []
        known = {field.name for field in parameter.fields}
        given = {str(key).lstrip(_OPERATORS): str(key) for key in value}
        by_folded = {name.lower(): name for name in known}
        missing = known - set(given)
        problems = []
        for name, key in given.items():
            if not name or name in known or name.isdigit() or name.lower().startswith(_CUSTOM_FIELDS):
                continue
            path = f"{parameter.name}.{key}"
            if name.lower() in by_folded:
                written = by_folded[name.lower()]
                if self._exact_fields and written not in given:
                    problems.append(Problem(path, f"is written {written}", True))
                continue
            meant = nearest(name, missing)
            if meant is not None:
                problems.append(Problem(path, f"is not a field here; it is called {meant}", True))
        return problems

    def _check_filter(self, params: Mapping[str, object]) -> list[Problem]:
        """Check for a filter in the form of the other version of the API; the message has the right form."""
        documented = next((one for one in self._parameters if one.name.lower() == "filter"), None)
        name = next((name for name in params if name.lower() == "filter"), None)
        if documented is None or name is None:
            return []
        value = params[name]
        try:
            if self._version == "v3" and isinstance(value, dict) and value and documented.type == "array":
                return [Problem(name, f"is a list of conditions in REST 3.0: {_shown(as_v3(value))}", True)]
            if self._version == "v2" and is_v3_filter(value):
                known = [field.name for field in documented.fields if not field.pattern]
                return [Problem(name, f"is an object in this version: {_shown(as_v2(value, known))}", True)]
        except UntranslatableError as exc:
            form = 'a list of conditions like ["field", ">=", value]'
            if self._version != "v3":
                form = 'an object like {">=FIELD": 1}'
            return [Problem(name, f"must be {form} here; {exc} has no counterpart in this form", True)]
        return []

    def _check_values(self, params: Mapping[str, object]) -> list[Problem]:
        """Check that required parameters are given, and that objects and lists are where they are documented."""
        by_folded = {name.lower(): name for name in params}
        problems = []
        for parameter in self._parameters:
            name: str | None = parameter.name
            if parameter.name not in params:
                name = None if self._exact else by_folded.get(parameter.name.lower())
            if name is not None:
                if not _fits(params[name], _containers_of(parameter.type, self._version)):
                    problems.append(Problem(parameter.name, f"must be {_in_words(parameter.type)}", True))
            elif parameter.required is True and not any(is_slip(given, parameter.name) for given in params):
                problems.append(Problem(parameter.name, "is required but missing", True))
        return problems

    def _value_of(self, name: str, params: Mapping[str, object]) -> object:
        if self._exact or name in params:
            return params.get(name)
        return next((value for key, value in params.items() if key.lower() == name.lower()), None)


def check_arguments(
    method: str, version: str, parameters: Sequence[Parameter], params: Mapping[str, object]
) -> list[Problem]:
    """Return the problems with the named arguments of one call, certain ones first.

    For a method of the catalogue, `Method.parameters` has the table ready.
    """
    return ParameterTable(method, version, parameters).check(params)


def _usual(parameter: Parameter, version: str) -> _Usual:
    types: set[type] = {NoneType, str, int, float, bool, dict, list}
    containers = _containers_of(parameter.type, version)
    if containers is not None:
        types = {NoneType, *containers}
    if parameter.name.lower() == "filter":
        types.discard(list if version == "v2" else dict)  # perhaps a filter of the other version
    keys = None
    if parameter.fields and not any(field.pattern for field in parameter.fields):
        keys = frozenset(field.name for field in parameter.fields)
    return _Usual(frozenset(types), keys)


def _containers_of(type_: str, version: str) -> tuple[type, ...] | None:
    """Return the containers that a documented type allows; None when it allows other values too.

    PHP does not tell numbers, texts and booleans apart, nor lists and objects. REST 3.0 tells the latter apart.
    """
    kinds = {kind.strip().lower() for kind in type_.replace("/", "|").split("|")}
    if not all(kind in _CONTAINERS or kind.endswith("[]") for kind in kinds):
        return None
    if version == "v3" and kinds == {"object"}:
        return (dict,)
    if version == "v3" and "object" not in kinds and "map" not in kinds:
        return (list,)
    return dict, list


def _fits(value: object, containers: Iterable[type] | None) -> bool:
    if value is None or containers is None:
        return True
    return (dict in containers and isinstance(value, Mapping)) or (list in containers and isinstance(value, _LISTS))


def _in_words(type_: str) -> str:
    return "an object" if "object" in type_.lower() and not type_.endswith("[]") else "a list"


def _shown(filter: object) -> str:
    return json.dumps(filter, ensure_ascii=False)


def _family_of(method: str) -> str | None:
    return next((exact for prefix, exact in _families() if method.startswith(prefix)), None)


@cache
def _families() -> list[tuple[str, str]]:
    return [(row["prefix"], row["exact"]) for row in read_table("exact")]
