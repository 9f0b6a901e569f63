"""Plan a requested call: check it once against the catalogue, return it as a `PlannedCall`, and have the gate judge it.

Names in brackets are nested, and the values of a positional method are put into their order. Certain mistakes are
refused. A batch is planned command by command; a reference in it may stand for a value of any kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from b24_mcp.access import Judgement, Permit, Ruling, current_caller, digest_of_call, question, with_risks
from b24_mcp.app.arguments import fit_arguments
from b24_mcp.app.files.mentions import mentions_files
from b24_mcp.app.mistakes import not_documented, with_similar_names, writes
from b24_mcp.app.requests import BatchRequest, CallRequest, Command, WantedVersion
from b24_mcp.app.short_work import run_short
from b24_mcp.catalog import Catalogue, known_methods
from b24_mcp.errors import B24Error
from b24_mcp.rest import BatchPlan, Params, PlannedBatch, PlannedCall, is_method_name, plan_call
from b24_mcp.secrets import Redactor
from b24_mcp.texts import Language, language_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anyio.abc import TaskGroup

    from b24_mcp.app.open_portal import OpenPortal

__all__ = [
    "BatchRequest",
    "CallRequest",
    "Command",
    "Plan",
    "WantedVersion",
    "fitted_to_portal",
    "judged",
    "numbered",
    "plan_checked",
    "prepare_batch",
    "prepare_call",
    "with_similar_names",
]

_LONGEST_WAIT = 2.0
_ALSO_COMPARED = re.compile(r"userfieldconfig\.|crm\.status\.|.+\.userfield\.", re.IGNORECASE)
"""Methods that name no fields of records but directories and smart processes of the portal."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Calls that the gate has judged. They may be sent once the user has approved those in `to_approve`."""

    opened: OpenPortal
    calls: Sequence[PlannedCall]
    judgement: Judgement
    to_approve: tuple[Ruling, ...] = ()
    halt: bool = False

    @property
    def digest(self) -> str:
        """The digest that identifies the same calls when they are requested again after the approval."""
        return digest_of_call(current_caller().identity, self.opened.gate.key, self.calls, self.halt)

    def permit(self) -> Permit:
        """Return the permit of a plan that needs no approval."""
        return self.opened.gate.permit(self.judgement, approved=False)

    def question(self, redactor: Redactor, longest: int | None = None) -> str:
        """Return the question to the user, of at most `longest` characters."""
        portal, origin = self.opened.gate.portal, self.opened.portal.origin
        if longest is None:
            return question(self.judgement, portal, redactor, origin=origin, language=self.language)
        return question(self.judgement, portal, redactor, origin=origin, longest=longest, language=self.language)

    @property
    def language(self) -> Language:
        """The language of the question."""
        person = current_caller().person
        if person is not None:
            return "ru" if person.language == "ru" else "en"
        return language_for(self.opened.portal.host)

    @property
    def method(self) -> str:
        """The method that an error about the whole plan names."""
        return self.calls[0].method if len(self.calls) == 1 and not self.calls[0].name else "batch"


async def prepare_call(opened: OpenPortal, request: CallRequest, background: TaskGroup) -> PlannedCall:
    """Check a requested call and return the planned call.

    Raises:
        B24Error: `B24MCP_PARAMS`, `B24MCP_METHOD_NAME` or `B24MCP_VERSION`, with the correct form; nothing was sent.
    """
    catalogue = await _catalogue_for(opened, (request.method,), request.version, background)
    plan = partial(plan_checked, request, catalogue)
    return await _with_files(opened, await run_short(plan, "plan", catalogue, [request.method], request.params))


async def prepare_batch(opened: OpenPortal, request: BatchRequest, background: TaskGroup) -> PlannedBatch:
    """Check the commands of a requested batch and return the planned batch.

    Raises:
        B24Error: for the first command with a certain mistake; the message names the command. Nothing was sent.
    """
    methods = [command.method for command in request.commands.values()]
    catalogue = await _catalogue_for(opened, methods, request.version, background)
    params = [command.params for command in request.commands.values()]
    plan = partial(_planned_batch, request, catalogue)
    batch = await run_short(plan, "plan in a batch", catalogue, methods, params)
    commands = []
    for command in batch.commands:
        try:
            commands.append(await _with_files(opened, command))
        except B24Error as exc:
            raise _about(command.name, exc) from None
    return replace(batch, commands=tuple(commands))


def judged(
    opened: OpenPortal,
    calls: Sequence[PlannedCall],
    *,
    validated: bool,
    reading_only: bool = False,
    halt: bool = False,
) -> Plan:
    """Return planned calls with the decision of the gate.

    A `validated` call of an unknown method is a mistake in the name. It is refused as such at every access level,
    unless a setting forbids the name itself. So is a call of a method that writes with `reading_only`.

    Raises:
        B24Error: `B24MCP_POLICY`, `B24MCP_UNKNOWN_METHOD` or `B24MCP_WRITES`; nothing was sent.
    """
    judgement = opened.gate.judge(calls, reading_only=reading_only)
    if judgement.needs_more:
        _refuse_mistakes(opened, judgement, validated=validated, reading_only=reading_only)
        judgement.refuse()
    return Plan(opened, calls, judgement, judgement.to_approve, halt)


async def fitted_to_portal(plan: Plan, *, reading_only: bool = False) -> Plan:
    """Return a plan whose calls were compared with what the portal has; see `portal_checks`.

    Calls that were changed are judged again. Only what the gate does not refuse is compared, since the portal may have
    to be asked.

    Raises:
        B24Error: `B24MCP_PARAMS` for a name or a value that the portal does not have; nothing was sent.
    """
    # Not needed to start and list the tools, and the checks not for calls that name no fields of records.
    from b24_mcp.discovery import concerns_fields

    if not any(concerns_fields(call.method) or _ALSO_COMPARED.match(call.method) for call in plan.calls):
        return plan
    from b24_mcp.app.portal_checks import check_calls

    calls = await check_calls(plan.opened, plan.calls)
    if all(one is other for one, other in zip(calls, plan.calls, strict=True)):
        return plan
    calls = tuple([with_risks(replace(call, risks=None)) for call in calls])
    return judged(plan.opened, calls, validated=True, reading_only=reading_only, halt=plan.halt)


async def numbered(plan: Plan, *, sending: bool) -> Plan:
    """Return a plan whose writes were counted with those that the caller made before; see `Gate.why_many`."""
    judgement = await plan.opened.gate.judge_number(plan.judgement, sending=sending)
    if judgement is plan.judgement:
        return plan
    return replace(plan, judgement=judgement, to_approve=judgement.to_approve)


def _refuse_mistakes(opened: OpenPortal, judgement: Judgement, *, validated: bool, reading_only: bool) -> None:
    """Refuse calls that their author can put right, before they are refused as a matter of policy."""
    catalogue = opened.discovery.known.catalogue
    gate = opened.gate
    for ruling in judgement.rulings:
        call = ruling.call
        if ruling.need == "nothing" or gate.rules.why_refused(call.method) is not None:
            continue
        is_known = call.version in catalogue.versions(call.method)
        if validated and not is_known:
            raise not_documented(call.method, reading_only=reading_only or gate.level == "read")
        if reading_only and is_known and ruling.effect != "read" and gate.level != "read":
            raise writes(call.method, call.name)


def plan_checked(
    request: CallRequest, catalogue: Catalogue | None = None, *, arranging: bool | None = None, name: str = ""
) -> PlannedCall:
    """Return a checked call, with the name of a command if it is one.

    With `arranging`, by default equal to `validate`, names in brackets are nested and values without a place in the
    order of a positional method are refused. `catalogue` is by default the catalogue of the package.

    Raises:
        B24Error: as `prepare_call`.
    """
    fitted = fit_arguments(
        request.method,
        _named_files(request.method, request.params),
        request.version,
        catalogue or known_methods(),
        validate=request.validate,
        arranging=request.validate if arranging is None else arranging,
        refers=False,
    )
    planned = plan_call(
        request.method, fitted.params, fitted.version, request.format, name=name, warnings=fitted.warnings
    )
    return planned if planned.risks is not None else with_risks(planned)


def _planned_batch(request: BatchRequest, catalogue: Catalogue) -> PlannedBatch:
    plan = BatchPlan(list(request.commands), request.format)
    for name, command in request.commands.items():
        try:
            fitted = fit_arguments(
                command.method,
                _named_files(command.method, command.params),
                request.version,
                catalogue,
                validate=request.validate,
                arranging=request.validate,
                refers=True,
            )
        except B24Error as exc:
            raise _about(name, exc) from None
        plan.add(name, command.method, fitted.params, fitted.version, fitted.warnings)
    batch = plan.finished(halt=request.halt)
    return replace(batch, commands=tuple([with_risks(command) for command in batch.commands]))


def _named_files(method: str, params: Params | None) -> Params | None:
    """Return requested parameters with the names of the files in them."""
    if params is None or not mentions_files(params):
        return params
    from b24_mcp.app.files.default_names import with_default_names  # most calls do without

    return with_default_names(method, params)


async def _with_files(opened: OpenPortal, call: PlannedCall) -> PlannedCall:
    """Return a call whose `$file` values are replaced by files of the user."""
    if not mentions_files(call.params):
        return call
    from b24_mcp.app.files.values import with_files  # most calls do without

    return await with_files(opened, call)


def _about(name: str, error: B24Error) -> B24Error:
    """Return the error of a command of a batch."""
    fault = error.fault
    return B24Error(replace(fault, message=f"Command {name!r}: {fault.message}"), "batch")


async def _catalogue_for(
    opened: OpenPortal, methods: Iterable[str], wanted: WantedVersion, background: TaskGroup
) -> Catalogue:
    """Return the catalogue to check calls against.

    The portal's own list of methods is waited for only when a method is unknown and its name may be one of REST 3.0.
    """
    known = opened.discovery.known
    if wanted == "v2":
        return known.catalogue
    documented = known_methods()
    for method in methods:
        versions = documented.versions(method)
        if not (versions and wanted in ("auto", *versions)) and "." in method and is_method_name(method):
            return (await opened.discovery.look(background, _LONGEST_WAIT)).catalogue
    return known.catalogue
