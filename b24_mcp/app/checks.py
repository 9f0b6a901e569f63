"""Calls held against the catalogue before anything is sent, and hints after one that met an unknown method."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from b24_mcp.catalog import (
    Catalogue,
    ClashError,
    Method,
    Version,
    arguments_of,
    arrange,
    choose_version,
    known_methods,
    nest_brackets,
    written_order,
)
from b24_mcp.errors import B24Error, FieldProblem, our_error
from b24_mcp.rest import check_method_name

_METHOD_NOT_FOUND = ("ERROR_METHOD_NOT_FOUND", "METHODNOTFOUNDEXCEPTION")
_REFERENCE = re.compile(r"\$\w+\[\S+")

_CORRECT = "Nothing was sent. Correct them (describe_method tells all); validate=false would send them as is."

WantedVersion = Literal["auto", "v2", "v3"]


@dataclass(frozen=True, slots=True)
class Checked:
    """A call that may be sent: in which generation of the API, what is unusual about it, and its parameters in the form
    in which they are to be sent.
    """

    version: Version
    warnings: tuple[str, ...] = ()
    params: Any = None


def check_call(
    method: str,
    params: Any,
    wanted: WantedVersion = "auto",
    *,
    validate: bool = True,
    arranging: bool | None = None,
    refers: bool = False,
    catalogue: Catalogue | None = None,
) -> Checked:
    """Choose the version of a call, bring its parameters into the form the portal takes, and refuse certain mistakes.

    Names in brackets are nested, and the values of a positional method are put into their order. Without `validate`
    nothing is held against the documentation. Without `arranging`, which is as `validate` unless given, names in
    brackets stay, and what cannot be put into an order is sent as it is. With `refers` a parameter may be a reference
    to a value that is not known yet. `catalogue` is the one to check against, by default the one that comes with the
    package.

    Raises:
        B24Error: `B24MCP_PARAMS`, `B24MCP_METHOD_NAME` or `B24MCP_VERSION`, saying what to write instead; nothing was
            sent.
    """
    check_method_name(method)
    arranging = validate if arranging is None else arranging
    catalogue = catalogue or known_methods()
    params = {} if params is None else params
    warnings: tuple[str, ...] = ()
    hint = _CORRECT if validate else "Nothing was sent. Correct them."
    if arranging and isinstance(params, dict) and arguments_of(method) is None:
        params, warnings = _nested(method, params)
    # What a portal alone knows of a documented method's other generation is no reason to call that one unasked.
    choosing = known_methods() if known_methods().versions(method) else catalogue
    version = choose_version(choosing, method, params) if wanted == "auto" else wanted
    known = catalogue.method(method, version)
    checkable: Any = params
    if version == "v2" and arguments_of(method) is not None:
        params, checkable = _arranged(method, params, refusing=arranging, refers=refers, hint=hint)
    elif isinstance(params, list) and known is not None and arranging:
        if params:
            raise _list_for_names(known)
        params = checkable = {}
    if not validate:
        return Checked(version, warnings, params)
    if known is None:
        _refuse_other_version(catalogue, method, version)
        return Checked(version, warnings, params)
    if not isinstance(checkable, dict):
        return Checked(version, warnings, params)
    found = known.parameters.check(checkable)
    open_ones = _references(checkable) if refers else set()
    problems = [problem for problem in found if problem.field not in open_ones]
    certain = [FieldProblem(problem.field, problem.message) for problem in problems if problem.certain]
    if certain:
        raise _misfit(known.name, version, certain, hint)
    return Checked(version, (*warnings, *(f"{problem.field} {problem.message}" for problem in problems)), params)


def check_commands(
    commands: Mapping[str, Mapping[str, Any]],
    wanted: WantedVersion = "auto",
    *,
    validate: bool = True,
    catalogue: Catalogue | None = None,
) -> dict[str, Checked]:
    """The same for the commands of a batch. A reference stands for a value of whatever kind is wanted.

    Raises:
        B24Error: for the first command with a certain mistake, naming it; nothing was sent.
    """
    checked = {}
    for name, command in commands.items():
        try:
            checked[name] = check_call(
                str(command.get("method")),
                command.get("params"),
                wanted,
                validate=validate,
                refers=True,
                catalogue=catalogue,
            )
        except B24Error as exc:
            fault = exc.fault
            raise B24Error(replace(fault, message=f"Command {name!r}: {fault.message}"), "batch") from None
    return checked


def with_similar_names(error: B24Error, catalogue: Catalogue) -> B24Error:
    """Add the known names that were perhaps meant to the error of an unknown method.

    The name that was called is never among them: a documented method that the portal lacks is said to be that.
    """
    if error.fault.kind != "unknown_method" or not error.method:
        return error
    if error.fault.code.upper().endswith(_METHOD_NOT_FOUND) and catalogue.method(error.method) is not None:
        hint = (
            "The method is documented, but this portal does not have it: a module, its edition or its plan may be "
            "missing. Look for another method, or ask the person."
        )
        return B24Error(replace(error.fault, hint=hint), error.method)
    similar = [name for name in catalogue.similar(error.method) if name.lower() != error.method.lower()]
    if not similar:
        return error
    hint = f"Perhaps one of these was meant: {', '.join(similar)}. find_methods finds methods by what they do."
    return B24Error(replace(error.fault, hint=hint), error.method)


def _nested(method: str, params: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    try:
        nested = nest_brackets(params)
    except ClashError as exc:
        raise our_error("B24MCP_PARAMS", f"{exc}: keep one of them.", method=method) from None
    return nested.params, nested.changes


def _arranged(method: str, params: Any, *, refusing: bool, refers: bool, hint: str) -> tuple[Any, Any]:
    """Return the parameters of a positional method in their order, and the same under their documented names."""
    arranged = arrange(method, params, _references(params) if refers else ())
    if not arranged.problems:
        return arranged.values, dict(zip(arranged.names, arranged.values, strict=True))
    if not refusing:
        return params, None
    problems = [FieldProblem(field, message) for field, message in arranged.problems.items()]
    raise _misfit(method, "v2", problems, hint, f" It takes {written_order(method)}, in this order.")


def _misfit(method: str, version: Version, problems: list[FieldProblem], hint: str, more: str = "") -> B24Error:
    said = "; ".join(f"{problem.field} {problem.message}" for problem in problems)
    return our_error(
        "B24MCP_PARAMS",
        f"These parameters do not fit {method} ({version}): {said}.{more}",
        method=method,
        hint=hint,
        validation=problems,
    )


def _list_for_names(known: Method) -> B24Error:
    parameters = [parameter for parameter in known.facts.params if not parameter.pattern]
    shown = [one for place, one in enumerate(parameters) if one.required is True or place < 3]
    names = ", ".join(f'"{parameter.name}": …' for parameter in shown)
    return our_error(
        "B24MCP_PARAMS",
        f"{known.name} takes named parameters, not a list: params is an object such as {{{names}}}.",
        method=known.name,
        hint=f"Nothing was sent. The parameters are {known.signature or 'none'} (* required).",
    )


def _references(params: Any) -> set[str | int]:
    """The names or places of parameters that are references as a whole."""
    entries = params.items() if isinstance(params, dict) else enumerate(params)
    return {name for name, value in entries if _is_reference(value)}


def _is_reference(value: object) -> bool:
    if isinstance(value, str):
        return _REFERENCE.fullmatch(value) is not None
    return isinstance(value, dict) and len(value) == 1 and not value.keys().isdisjoint({"$ref", "$refArray"})


def _refuse_other_version(catalogue: Catalogue, method: str, version: Version) -> None:
    others = catalogue.versions(method)
    if others:
        raise our_error(
            "B24MCP_VERSION",
            f"{method} exists in {others[0]}, not in {version}.",
            method=method,
            hint=f"Nothing was sent. Leave version out, or set it to {others[0]}; validate=false would send it as is.",
        )
