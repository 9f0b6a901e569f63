"""Fit the arguments of a call to its method: choose the version, arrange the parameters, and check them."""

from __future__ import annotations

from dataclasses import dataclass

from b24_mcp.app.mistakes import list_for_names, misfit, other_version
from b24_mcp.app.requests import WantedVersion
from b24_mcp.catalog import (
    NOT_A_PARAMETER,
    Catalogue,
    ClashError,
    Method,
    RepeatedNameError,
    Version,
    advice_on,
    arguments_of,
    arrange,
    choose_version,
    event_problems,
    is_reference,
    known_methods,
    nest_brackets,
    written_order,
)
from b24_mcp.errors import FieldProblem, our_error
from b24_mcp.rest import Params

_CORRECT = "Nothing was sent. Correct them."
_CORRECT_OR_SKIP = (
    "Nothing was sent. Correct them (describe_method shows every parameter); validate=false sends them unchanged."
)


@dataclass(frozen=True, slots=True)
class FittedArguments:
    """The version of a call, its parameters in the form that the portal takes, and warnings about them."""

    version: Version
    params: Params
    warnings: tuple[str, ...] = ()


def fit_arguments(
    method: str,
    params: Params | None,
    wanted: WantedVersion,
    catalogue: Catalogue,
    *,
    validate: bool,
    arranging: bool,
    refers: bool,
) -> FittedArguments:
    """Return the arguments of a call in the form that the portal takes.

    With `validate` they are compared with the documentation. With `arranging` names in brackets are nested, and values
    without a place in the order of a positional method are refused. With `refers` a parameter may be a reference to a
    value that is not known yet.

    Raises:
        B24Error: `B24MCP_PARAMS` or `B24MCP_VERSION`, with the correct form; nothing was sent.
    """
    try:
        return _fitted(method, params, wanted, catalogue, validate=validate, arranging=arranging, refers=refers)
    except RepeatedNameError as exc:
        message = f"JSON text in the parameters contains the name {exc} twice: each name must be unique."
        raise our_error("B24MCP_PARAMS", message, method=method) from None


def _fitted(
    method: str,
    params: Params | None,
    wanted: WantedVersion,
    catalogue: Catalogue,
    *,
    validate: bool,
    arranging: bool,
    refers: bool,
) -> FittedArguments:
    params = {} if params is None else params
    warnings: tuple[str, ...] = ()
    hint = _CORRECT_OR_SKIP if validate else _CORRECT
    of_v2 = catalogue.method(method, "v2")
    positional = (arguments_of(method) if of_v2 is None else of_v2.arguments) is not None
    if arranging and isinstance(params, dict) and not positional and _has_brackets(params):
        params, warnings = _nested(method, params)
    version = _chosen_version(method, params, catalogue) if wanted == "auto" else wanted
    known = of_v2 if version == "v2" else catalogue.method(method, version)
    checkable: object = params
    is_usual = False
    if validate and known is not None and isinstance(params, dict):
        is_usual = known.parameters.is_usual(params)
        if not is_usual:
            params, changes = known.parameters.with_objects(params)
            checkable, warnings = params, (*warnings, *changes)
    if version == "v2" and positional:
        params, checkable = _arranged(method, params, of_v2, refusing=arranging, refers=refers, hint=hint)
    elif isinstance(params, list) and known is not None and arranging:
        if params:
            raise list_for_names(known)
        params = checkable = {}
    if not validate:
        return FittedArguments(version, params, warnings)
    if known is None:
        if others := catalogue.versions(method):
            raise other_version(method, version, others[0])
        return FittedArguments(version, params, warnings)
    if not isinstance(checkable, dict):
        return FittedArguments(version, params, warnings)
    takes_event = any(parameter.source == "events" for parameter in known.facts.params)
    if is_usual and not positional and not takes_event:
        return FittedArguments(version, params, warnings)
    problems = known.parameters.check(checkable, refers=refers)
    if takes_event:
        problems += event_problems(known.facts.params, checkable, catalogue.events)
    unknown_values = _references(checkable) if refers else set()
    problems = [problem for problem in problems if problem.field not in unknown_values]
    certain = [FieldProblem(problem.field, problem.message) for problem in problems if problem.certain]
    unusual = [f"{problem.field} {problem.message}" for problem in problems if not problem.certain]
    if certain:
        if advice := advice_on(known.facts):
            hint = f"{hint} {advice}"
        raise misfit(known.name, version, certain, hint, f" Also: {'; '.join(unusual)}." if unusual else "")
    return FittedArguments(version, params, (*warnings, *unusual))


def _chosen_version(method: str, params: Params, catalogue: Catalogue) -> Version:
    """Return the version to call a method in when the caller names none.

    A version of a documented method that only this portal has is called only on request.
    """
    documented = known_methods()
    versions = documented.versions(method)
    if len(versions) > 1:
        return choose_version(documented, method, params)
    if not versions:
        versions = catalogue.versions(method)
        if len(versions) > 1:
            return choose_version(catalogue, method, params)
    return "v3" if versions == ["v3"] else "v2"


def _has_brackets(params: dict[str, object]) -> bool:
    """Whether any name in the parameters, at any depth, holds an opening bracket."""
    waiting: list[object] = [params]
    while waiting:
        match waiting.pop():
            case dict() as names:
                if any("[" in name for name in names):
                    return True
                waiting += names.values()
            case list() as values:
                waiting += values
    return False


def _nested(method: str, params: dict[str, object]) -> tuple[Params, tuple[str, ...]]:
    """Return the parameters with names in brackets nested, and a warning for each such name."""
    try:
        nested = nest_brackets(params)
    except ClashError as exc:
        raise our_error("B24MCP_PARAMS", f"{exc}: keep one of them.", method=method) from None
    return nested.params, nested.changes


def _arranged(
    method: str, params: Params, known: Method | None, *, refusing: bool, refers: bool, hint: str
) -> tuple[Params, dict[str, object] | None]:
    """Return the parameters of a positional method in their order, and the same under their documented names."""
    arranged = arrange(method, params, _references(params) if refers else ())
    if not arranged.problems:
        return arranged.values, dict(zip(arranged.names, arranged.values, strict=True))
    if not refusing:
        return params, None
    problems = [
        FieldProblem(field, _better(message, field, params, known)) for field, message in arranged.problems.items()
    ]
    raise misfit(method, "v2", problems, hint, f" It takes {written_order(method)}, in this order.")


def _better(message: str, name: str, params: Params, known: Method | None) -> str:
    """Return the problem with an unknown name of a positional method, with where the name belongs if that is known."""
    if known is None or not isinstance(params, dict) or message != NOT_A_PARAMETER:
        return message
    return known.parameters.place_of(name, params.get(name), params) or message


def _references(params: Params) -> set[str | int]:
    """Return the names or places of parameters whose whole value is a reference."""
    entries = params.items() if isinstance(params, dict) else enumerate(params)
    return {name for name, value in entries if is_reference(value)}
