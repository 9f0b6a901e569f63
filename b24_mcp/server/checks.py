"""Arguments held against the catalogue before a call, and hints after one that met an unknown method."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from b24_mcp.catalog import check_arguments, shipped
from b24_mcp.rest import B24Error, FieldProblem, check_method_name, our_error

_REFERENCE = re.compile(r"\$\w+\[\S+")


def check_call(method: str, params: Any) -> list[str]:
    """Refuse certain mistakes in the parameters of a method; gives warnings for what is merely unusual.

    Raises:
        B24Error: `B24MCP_PARAMS`, `B24MCP_METHOD_NAME` or `B24MCP_V3_ONLY`, saying what to write instead; nothing was
            sent.
    """
    check_method_name(method)
    known = shipped().method(method)
    if known is not None and shipped().versions(method) == ["v3"]:
        raise our_error("B24MCP_V3_ONLY", f"{known.name} exists only in REST 3.0.", method=known.name)
    if known is None or not isinstance(params, dict):
        return []
    problems = check_arguments(known.name, known.version, known.facts.params, params)
    certain = [FieldProblem(problem.field, problem.message) for problem in problems if problem.certain]
    if certain:
        said = "; ".join(f"{problem.field} {problem.message}" for problem in certain)
        raise our_error(
            "B24MCP_PARAMS",
            f"These parameters do not fit {known.name}: {said}.",
            method=method,
            hint="Nothing was sent. Correct them (describe_method tells all); validate=false would send them as is.",
            validation=certain,
        )
    return [f"{problem.field} {problem.message}" for problem in problems]


def check_commands(commands: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The same for the commands of a batch. A reference stands for a value of whatever kind is wanted.

    Raises:
        B24Error: for the first command with a certain mistake, naming it; nothing was sent.
    """
    warnings = []
    for name, command in commands.items():
        params = command.get("params")
        if isinstance(params, dict):
            params = {key: {} if _REFERENCE.fullmatch(str(value)) else value for key, value in params.items()}
        try:
            warnings += [f"{name}: {warning}" for warning in check_call(str(command.get("method")), params or {})]
        except B24Error as exc:
            fault = exc.fault
            raise B24Error(replace(fault, message=f"Command {name!r}: {fault.message}"), "batch") from None
    return warnings


def with_similar_names(error: B24Error) -> B24Error:
    """Add to an unknown method the documented names that were perhaps meant."""
    if error.fault.kind != "unknown_method" or not error.method:
        return error
    similar = shipped().similar(error.method)
    if not similar:
        return error
    hint = f"Perhaps one of these was meant: {', '.join(similar)}. find_methods finds methods by what they do."
    return B24Error(replace(error.fault, hint=hint), error.method)
