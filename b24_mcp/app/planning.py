"""Planning: a requested call is checked once against the catalogue and becomes a `PlannedCall`, judged by the gate.

Names in brackets are nested, the values of a positional method are put into their order, and certain mistakes are
refused. A batch is planned command by command; a reference stands for a value of any kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

from anyio.to_thread import run_sync

from b24_mcp.access import Judgement, Permit, Ruling, current_caller, digest_of_call
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
from b24_mcp.rest import BatchPlan, Format, Params, PlannedBatch, PlannedCall, is_method_name, plan_call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anyio.abc import TaskGroup

    from b24_mcp.app.portals import OpenPortal

_METHOD_NOT_FOUND = ("ERROR_METHOD_NOT_FOUND", "METHODNOTFOUNDEXCEPTION")
_REFERENCE = re.compile(r"\$\w+\[\S+")
_PATIENCE = 2.0

_CORRECT = "Nothing was sent. Correct them (describe_method tells all); validate=false would send them as is."

WantedVersion = Literal["auto", "v2", "v3"]


class Command(Protocol):
    """One command of a batch, as a client writes it."""

    @property
    def method(self) -> str:
        """The name of the method."""
        ...

    @property
    def params(self) -> Params | None:
        """Its parameters; None when there are none."""
        ...


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A call of one method, as it was asked for.

    Without `validate` the parameters are not compared with the documentation. With `reading_only` methods that write
    are refused.
    """

    method: str
    params: Params | None = None
    version: WantedVersion = "auto"
    format: Format = "json"
    validate: bool = True
    dry_run: bool = False
    reading_only: bool = False


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """A batch, as it was asked for; see `CallRequest`. With `halt` nothing runs after the first failed command."""

    commands: Mapping[str, Command]
    halt: bool = False
    version: WantedVersion = "auto"
    format: Format = "json"
    validate: bool = True
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What the gate has judged and may be sent on a portal, once the user has approved what needs approval."""

    opened: OpenPortal
    calls: Sequence[PlannedCall]
    judgement: Judgement
    to_approve: tuple[Ruling, ...] = ()
    halt: bool = False

    @property
    def digest(self) -> str:
        """What identifies the same call when it is made again after the approval."""
        return digest_of_call(current_caller().name, self.opened.gate.key, self.calls, self.halt)

    def permit(self) -> Permit:
        """Return the permit of a plan that needs no approval."""
        return self.opened.gate.permit(self.judgement, approved=False)

    @property
    def method(self) -> str:
        """The method that an error about the whole names."""
        return self.calls[0].method if len(self.calls) == 1 and not self.calls[0].name else "batch"


async def prepare_call(opened: OpenPortal, request: CallRequest, background: TaskGroup) -> PlannedCall:
    """Check a requested call and return it planned.

    Raises:
        B24Error: `B24MCP_PARAMS`, `B24MCP_METHOD_NAME` or `B24MCP_VERSION`, with what to write instead; nothing was
            sent.
    """
    catalogue = await _catalogue_for(opened, (request.method,), request.version, background)
    return await run_sync(plan_checked, request, catalogue)


async def prepare_batch(opened: OpenPortal, request: BatchRequest, background: TaskGroup) -> PlannedBatch:
    """Check the commands of a requested batch and return them planned.

    Raises:
        B24Error: for the first command with a certain mistake, naming it; nothing was sent.
    """
    methods = [command.method for command in request.commands.values()]
    catalogue = await _catalogue_for(opened, methods, request.version, background)
    return await run_sync(_planned_batch, request, catalogue)


def judged(
    opened: OpenPortal,
    calls: Sequence[PlannedCall],
    *,
    validated: bool,
    reading_only: bool = False,
    halt: bool = False,
) -> Plan:
    """Have the gate judge planned calls. Approval is not asked for a `validated` call of an unknown method.

    Raises:
        B24Error: `B24MCP_POLICY` or `B24MCP_UNKNOWN_METHOD`; nothing was sent.
    """
    judgement = opened.gate.judge(calls, reading_only=reading_only)
    judgement.refuse()
    to_approve = judgement.to_approve
    if to_approve and validated:
        catalogue = opened.discovery.known.catalogue
        for call in [ruling.call for ruling in to_approve]:
            if call.version not in catalogue.versions(call.method):
                raise our_error(
                    "B24MCP_UNKNOWN_METHOD",
                    f"{call.method} is not documented. Nothing was sent; if this portal has it all the same, "
                    "validate=false asks a person to allow it.",
                    method=call.method,
                )
    return Plan(opened, calls, judgement, to_approve, halt)


def plan_checked(
    request: CallRequest, catalogue: Catalogue | None = None, *, arranging: bool | None = None
) -> PlannedCall:
    """Return a checked call.

    With `arranging`, which is as `validate` unless given, names in brackets are nested and values without a place in
    the order of a positional method are refused. `catalogue` is by default the one of the package.

    Raises:
        B24Error: as `prepare_call`.
    """
    version, params, warnings = _fitted(
        request.method,
        request.params,
        request.version,
        catalogue or known_methods(),
        validate=request.validate,
        arranging=request.validate if arranging is None else arranging,
        refers=False,
    )
    return plan_call(request.method, params, version, request.format, warnings=warnings)


def _planned_batch(request: BatchRequest, catalogue: Catalogue) -> PlannedBatch:
    plan = BatchPlan(list(request.commands), request.format)
    for name, command in request.commands.items():
        try:
            version, params, warnings = _fitted(
                command.method,
                command.params,
                request.version,
                catalogue,
                validate=request.validate,
                arranging=request.validate,
                refers=True,
            )
        except B24Error as exc:
            fault = exc.fault
            raise B24Error(replace(fault, message=f"Command {name!r}: {fault.message}"), "batch") from None
        plan.add(name, command.method, params, version, warnings)
    return plan.finished(halt=request.halt)


def _fitted(
    method: str,
    params: Params | None,
    wanted: WantedVersion,
    catalogue: Catalogue,
    *,
    validate: bool,
    arranging: bool,
    refers: bool,
) -> tuple[Version, Params, tuple[str, ...]]:
    """Return the version of a call, its parameters in the form that the portal takes, and warnings about them.

    With `refers` a parameter may be a reference to a value that is not known yet.
    """
    params = {} if params is None else params
    warnings: tuple[str, ...] = ()
    hint = _CORRECT if validate else "Nothing was sent. Correct them."
    positional = arguments_of(method) is not None
    if arranging and isinstance(params, dict) and not positional:
        params, warnings = _nested(method, params)
    # A generation of a documented method that only this portal knows is called when asked for, never by choice.
    choosing = known_methods() if known_methods().versions(method) else catalogue
    version = choose_version(choosing, method, params) if wanted == "auto" else wanted
    known = catalogue.method(method, version)
    checkable: object = params
    if version == "v2" and positional:
        params, checkable = _arranged(method, params, refusing=arranging, refers=refers, hint=hint)
    elif isinstance(params, list) and known is not None and arranging:
        if params:
            raise _list_for_names(known)
        params = checkable = {}
    if not validate:
        return version, params, warnings
    if known is None:
        _refuse_other_version(catalogue, method, version)
        return version, params, warnings
    if not isinstance(checkable, dict):
        return version, params, warnings
    problems = known.parameters.check(checkable)
    if not problems:
        return version, params, warnings
    open_ones = _references(checkable) if refers else set()
    problems = [problem for problem in problems if problem.field not in open_ones]
    certain = [FieldProblem(problem.field, problem.message) for problem in problems if problem.certain]
    if certain:
        raise _misfit(known.name, version, certain, hint)
    return version, params, (*warnings, *(f"{problem.field} {problem.message}" for problem in problems))


async def _catalogue_for(
    opened: OpenPortal, methods: Iterable[str], wanted: WantedVersion, background: TaskGroup
) -> Catalogue:
    """Return the catalogue to check calls against. The portal's own list of methods is waited for only where one of
    the methods is not known and may be one of REST 3.0 by its name.
    """
    known = opened.discovery.known
    if wanted == "v2":
        return known.catalogue
    documented = known_methods()
    for method in methods:
        versions = documented.versions(method)
        if not (versions and wanted in ("auto", *versions)) and "." in method and is_method_name(method):
            return (await opened.discovery.look(background, _PATIENCE)).catalogue
    return known.catalogue


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


def _nested(method: str, params: dict[str, object]) -> tuple[Params, tuple[str, ...]]:
    try:
        nested = nest_brackets(params)
    except ClashError as exc:
        raise our_error("B24MCP_PARAMS", f"{exc}: keep one of them.", method=method) from None
    return nested.params, nested.changes


def _arranged(
    method: str, params: Params, *, refusing: bool, refers: bool, hint: str
) -> tuple[Params, dict[str, object] | None]:
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


def _references(params: Params) -> set[str | int]:
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
