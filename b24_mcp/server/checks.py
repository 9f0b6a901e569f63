"""Calls held against the catalogue before anything is sent, and hints after one that met an unknown method."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from b24_mcp.catalog import Catalogue, Version, check_arguments, choose_version, known_methods
from b24_mcp.rest import B24Error, FieldProblem, check_method_name, our_error

_METHOD_NOT_FOUND = ("ERROR_METHOD_NOT_FOUND", "METHODNOTFOUNDEXCEPTION")
_REFERENCE = re.compile(r"\$\w+\[\S+")

WantedVersion = Literal["auto", "v2", "v3"]


@dataclass(frozen=True, slots=True)
class Checked:
    """A call that may be sent: in which generation of the API, and what is unusual about it."""

    version: Version
    warnings: tuple[str, ...] = ()


def check_call(
    method: str,
    params: Any,
    wanted: WantedVersion = "auto",
    *,
    validate: bool = True,
    unknown: Collection[str] = (),
    catalogue: Catalogue | None = None,
) -> Checked:
    """Choose the version of a call and refuse certain mistakes in its parameters.

    Without `validate` only the version is chosen. The values of `unknown` parameters are not known yet. `catalogue` is
    the one to check against, by default the one that comes with the package.

    Raises:
        B24Error: `B24MCP_PARAMS`, `B24MCP_METHOD_NAME` or `B24MCP_VERSION`, saying what to write instead; nothing was
            sent.
    """
    check_method_name(method)
    catalogue = catalogue or known_methods()
    # What a portal alone knows of a documented method's other generation is no reason to call that one unasked.
    choosing = known_methods() if known_methods().versions(method) else catalogue
    version = choose_version(choosing, method, params) if wanted == "auto" else wanted
    if not validate:
        return Checked(version)
    known = catalogue.method(method, version)
    if known is None:
        _refuse_other_version(catalogue, method, version)
        return Checked(version)
    if not isinstance(params, dict):
        return Checked(version)
    found = check_arguments(known.name, known.version, known.facts.params, params)
    problems = [problem for problem in found if problem.field not in unknown]
    certain = [FieldProblem(problem.field, problem.message) for problem in problems if problem.certain]
    if certain:
        said = "; ".join(f"{problem.field} {problem.message}" for problem in certain)
        raise our_error(
            "B24MCP_PARAMS",
            f"These parameters do not fit {known.name} ({version}): {said}.",
            method=method,
            hint="Nothing was sent. Correct them (describe_method tells all); validate=false would send them as is.",
            validation=certain,
        )
    return Checked(version, tuple(f"{problem.field} {problem.message}" for problem in problems))


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
        params = command.get("params") or {}
        references = [key for key, value in params.items() if _is_reference(value)] if isinstance(params, dict) else ()
        try:
            checked[name] = check_call(
                str(command.get("method")), params, wanted, validate=validate, unknown=references, catalogue=catalogue
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
