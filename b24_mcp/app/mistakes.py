"""The errors for mistakes in a call, each with the correct form. Nothing here runs for a correct call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import b24_mcp.rest  # noqa: F401  # registers the error codes that are raised here
from b24_mcp.catalog import Catalogue, Method, Version, advice_on
from b24_mcp.errors import B24Error, FieldProblem, our_error

_METHOD_NOT_FOUND = ("ERROR_METHOD_NOT_FOUND", "METHODNOTFOUNDEXCEPTION")
_FIRST_PARAMETERS = 3
_NO_SCOPE = "insufficient_scope"


def misfit(method: str, version: Version, problems: Sequence[FieldProblem], hint: str, more: str = "") -> B24Error:
    """Return the error for parameters that do not fit a method. `more` is appended to its message."""
    listed = "; ".join(f"{problem.field} {problem.message}" for problem in problems)
    return our_error(
        "B24MCP_PARAMS",
        f"These parameters do not fit {method} ({version}): {listed}.{more}",
        method=method,
        hint=hint,
        validation=problems,
    )


def list_for_names(known: Method) -> B24Error:
    """Return the error for a list of values where a method takes named parameters."""
    parameters = [parameter for parameter in known.facts.params if not parameter.pattern]
    shown = [one for place, one in enumerate(parameters) if one.required is True or place < _FIRST_PARAMETERS]
    names = ", ".join(f'"{parameter.name}": …' for parameter in shown)
    return our_error(
        "B24MCP_PARAMS",
        f"{known.name} takes named parameters, not a list: params is an object such as {{{names}}}.",
        method=known.name,
        hint=f"Nothing was sent. The parameters are {known.signature or 'none'} (* required).",
    )


def other_version(method: str, version: Version, existing: str) -> B24Error:
    """Return the error for a method that exists in another version of the API than the one requested."""
    return our_error(
        "B24MCP_VERSION",
        f"{method} exists in {existing}, not in {version}.",
        method=method,
        hint=f"Nothing was sent. Leave version out, or set it to {existing}; validate=false sends the call unchanged.",
    )


def not_documented(method: str, *, reading_only: bool) -> B24Error:
    """Return the error for a call of a method that is in no documentation and may change something.

    With `reading_only`, the caller may only use methods that are known to read.
    """
    further = "Only methods that are known to read can be called here."
    if not reading_only:
        further = "If this portal has the method, set validate=false: a person is then asked to allow the call."
    return our_error("B24MCP_UNKNOWN_METHOD", f"{method} is not documented. Nothing was sent. {further}", method=method)


def writes(method: str, command: str = "") -> B24Error:
    """Return the error for a method that writes in a tool that only reads; `command` is its name in a batch."""
    if not command:
        message = f"{method} writes, and read_method calls only methods that read."
        return our_error("B24MCP_WRITES", message, method=method)
    message = f"Command {command!r}: {method} writes, and read_batch runs only commands that read."
    return our_error("B24MCP_WRITES", message, method=method, hint="Nothing was sent. Use batch_call.")


def with_similar_names(error: B24Error, catalogue: Catalogue) -> B24Error:
    """Return the error of an unknown method with a hint that lists similar known names.

    The called name is never among them. For a documented method the hint says that this portal does not have it.
    """
    if error.fault.kind != "unknown_method" or not error.method:
        return error
    known = catalogue.method(error.method)
    if error.fault.code.upper().endswith(_METHOD_NOT_FOUND) and known is not None:
        hint = (
            "The method is documented, but this portal does not have it: a module, its edition or its plan may be "
            "missing. Look for another method, or ask the user."
        )
        if advice := advice_on(known.facts):
            hint = f"This portal does not have the method. {advice}"
        return B24Error(replace(error.fault, hint=hint), error.method)
    similar = [name for name in catalogue.similar(error.method) if name.lower() != error.method.lower()]
    if not similar:
        return error
    return B24Error(replace(error.fault, hint=similar_names_hint(similar)), error.method)


def with_scope(error: B24Error, catalogue: Catalogue) -> B24Error:
    """Return the error of a call whose scope is not granted with a hint that names the scope."""
    if error.fault.code.lower() != _NO_SCOPE or not error.method:
        return error
    known = catalogue.method(error.method)
    if known is None or not known.facts.scope:
        return error
    hint = (
        f"{known.name} needs the scope {' or '.join(known.facts.scope)}, which the webhook or application does not "
        "have. Ask the user to grant it."
    )
    return B24Error(replace(error.fault, hint=hint), error.method)


def similar_names_hint(similar: Sequence[str]) -> str:
    """Return the hint for an unknown method: similar names, if any, and the tool that finds methods."""
    meant = f"Perhaps one of these was meant: {', '.join(similar)}. " if similar else ""
    return f"{meant}find_methods finds methods by what they do."
