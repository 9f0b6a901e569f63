"""Checking the arguments of a call against what is documented of the method, before anything is sent.

A certain mistake is refused: a required parameter that is missing, a container where a text is wanted or the other way
round, a name that is one slip away from a documented one. What is merely unusual passes with a warning: the
documentation does not know custom fields, and portals know more than it says. Models are made by pydantic from the
facts of a method the first time it is called.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from b24_mcp.catalog.facts import Parameter
from b24_mcp.catalog.filters import CannotBeSaidError, as_v2, as_v3, is_v3_filter
from b24_mcp.catalog.names import is_slip, nearest

# Old services look a name up in several letter cases; these bind by the exact name.
_EXACT = (
    "crm.item.", "crm.type.", "crm.category.", "crm.automatedsolution.", "crm.orderentity.", "crm.documentgenerator.",
    "catalog.", "tasks.task.", "booking.", "documentgenerator.", "userfieldconfig.", "humanresources.", "imbot.v2.",
    "im.v2.", "socialnetwork.api.",
)  # fmt: skip
# A name that begins so is a field somebody made on the portal.
_CUSTOM = ("uf_", "ufcrm", "uf", "property_", "property", "parentid", "auth_connector", "start")
_CONTAINERS = {"object", "array", "map", "list"}
_OPERATORS = "<>=!%@~?*+"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about one argument. `field` is its path; a `certain` one is a mistake, any other only unusual."""

    field: str
    message: str
    certain: bool


def check_arguments(
    method: str, version: str, parameters: Sequence[Parameter], params: Mapping[str, Any]
) -> list[Problem]:
    """Hold named parameters against the documented ones; certain problems first.

    Positional parameters are the business of the method: their order is all that is documented of them.
    """
    if not parameters:
        return []
    exact = version == "v3" or method.lower().startswith(_EXACT)
    of_filter = _filter(version, parameters, params)
    shapes = _shapes(method, version, parameters, params, exact)
    problems = [*_names(parameters, params, exact), *(of_filter or shapes)]
    if of_filter:
        problems += [problem for problem in shapes if problem.field != of_filter[0].field]
    for parameter in parameters:
        inner = _value_of(parameter.name, params, exact)
        nested = parameter.fields
        if nested and isinstance(inner, Mapping):
            problems += _nested(parameter.name, nested, inner, exact and not method.startswith("tasks.task."))
    return sorted(dict.fromkeys(problems), key=lambda problem: not problem.certain)


def _names(parameters: Sequence[Parameter], params: Mapping[str, Any], exact: bool) -> list[Problem]:
    """Names nobody documented: a slip for a documented one is certain, anything else is only unusual."""
    known = {parameter.name for parameter in parameters if not parameter.pattern}
    patterns = any(parameter.pattern for parameter in parameters)
    folded = {name.lower(): name for name in known}
    missing = [name for name in known if _value_of(name, params, exact) is None]
    problems = []
    for name in params:
        if name in known or patterns or name.lower().startswith(_CUSTOM):
            continue
        if name.lower() in folded:
            if exact:
                problems.append(Problem(name, f"is written {folded[name.lower()]}", True))
            continue
        meant = nearest(name, missing)
        if meant is not None:
            problems.append(Problem(name, f"is not a parameter of this method; it is called {meant}", True))
        else:
            problems.append(Problem(name, "is not documented for this method", False))
    return problems


def _nested(path: str, fields: Sequence[Parameter], value: Mapping[str, Any], exact: bool) -> list[Problem]:
    """The fields inside a parameter. Keys of filters carry operators before the name."""
    known = {field.name for field in fields if not field.pattern}
    if any(field.pattern for field in fields):
        return []
    given = {str(key).lstrip(_OPERATORS): str(key) for key in value}
    folded = {name.lower(): name for name in known}
    missing = known - set(given)
    problems = []
    for name, key in given.items():
        if not name or name in known or name.isdigit() or name.lower().startswith((*_CUSTOM, "logic", "::")):
            continue
        if name.lower() in folded:
            if exact and folded[name.lower()] not in given:
                problems.append(Problem(f"{path}.{key}", f"is written {folded[name.lower()]}", True))
            continue
        meant = nearest(name, missing)
        if meant is not None:
            problems.append(Problem(f"{path}.{key}", f"is not a field here; it is called {meant}", True))
    return problems


def _filter(version: str, parameters: Sequence[Parameter], params: Mapping[str, Any]) -> list[Problem]:
    """A filter in the form of the other generation of the API, with the right form in the message."""
    documented = next((parameter for parameter in parameters if parameter.name.lower() == "filter"), None)
    name = next((name for name in params if name.lower() == "filter"), None)
    if documented is None or name is None:
        return []
    value = params[name]
    try:
        if version == "v3" and isinstance(value, dict) and value and documented.type == "array":
            return [Problem(name, f"is a list of conditions in REST 3.0: {_shown(as_v3(value))}", True)]
        if version == "v2" and is_v3_filter(value):
            known = [field.name for field in documented.fields if not field.pattern]
            return [Problem(name, f"is an object in this version: {_shown(as_v2(value, known))}", True)]
    except CannotBeSaidError as exc:
        form = (
            'a list of conditions like ["field", ">=", value]' if version == "v3" else 'an object like {">=FIELD": 1}'
        )
        return [Problem(name, f"must be {form} here, which has no counterpart of {exc}", True)]
    return []


def _shown(filter: object) -> str:
    return json.dumps(filter, ensure_ascii=False)


def _shapes(
    method: str, version: str, parameters: Sequence[Parameter], params: Mapping[str, Any], exact: bool
) -> list[Problem]:
    """What is missing and what has the wrong container, as pydantic sees it."""
    model = _model(method.lower(), version, tuple((p.name, p.type, p.required is True) for p in parameters))
    folded = {name.lower(): name for name in params}
    given = {p.name: params[folded[p.name.lower()]] for p in parameters if not exact and p.name.lower() in folded}
    given |= {p.name: params[p.name] for p in parameters if p.name in params}
    problems = []
    try:
        model.model_validate({f"p{number}": given[p.name] for number, p in enumerate(parameters) if p.name in given})
    except ValidationError as exc:
        for error in exc.errors(include_url=False, include_input=False):
            parameter = parameters[int(str(error["loc"][0])[1:])]
            if error["type"] == "missing":
                if not any(is_slip(name, parameter.name) for name in params):
                    problems.append(Problem(parameter.name, "is required but missing", True))
            else:
                problems.append(Problem(parameter.name, f"must be {_said(parameter.type)}", True))
    return problems


@lru_cache(maxsize=256)
def _model(method: str, version: str, fields: tuple[tuple[str, str, bool], ...]) -> type[BaseModel]:
    """A model of a method's parameters; they are numbered, since names of the API need not be names of Python."""
    definitions: dict[str, Any] = {}
    for number, (_, type_, required) in enumerate(fields):
        definitions[f"p{number}"] = (_annotation(type_, strict=version == "v3"), ... if required else None)
    return create_model(
        f"{method.replace('.', '_')}_{version}", __config__=ConfigDict(arbitrary_types_allowed=True), **definitions
    )


def _annotation(type_: str, *, strict: bool) -> Any:
    """What a value of a documented type may be. To PHP numbers, texts and booleans are one and the same, and so are
    lists and maps; REST 3.0, which is `strict`, tells the latter apart.
    """
    kinds = {kind.strip().lower() for kind in type_.replace("/", "|").split("|")}
    if not all(kind in _CONTAINERS or kind.endswith("[]") for kind in kinds):
        return Any
    if strict and kinds == {"object"}:
        return dict[Any, Any] | None
    if strict and "object" not in kinds and "map" not in kinds:
        return list[Any] | None
    return dict[Any, Any] | list[Any] | None


def _said(type_: str) -> str:
    return "an object" if "object" in type_.lower() and not type_.endswith("[]") else "a list"


def _value_of(name: str, params: Mapping[str, Any], exact: bool) -> Any:
    if exact or name in params:
        return params.get(name)
    return next((value for key, value in params.items() if key.lower() == name.lower()), None)
