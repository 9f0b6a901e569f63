"""The tools that call methods: one alone, or many in a batch, each judged before and asked about where need be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

from anyio.to_thread import run_sync
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.resolve import Elicit, Resolve
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from b24_mcp.access import NOTICE, Level, may_hold_words_of_strangers
from b24_mcp.app.answers.forms import Form, batch_form, call_form, dry_form, error_form, with_notice
from b24_mcp.app.app import App
from b24_mcp.app.checks import WantedVersion, check_call, check_commands, with_similar_names
from b24_mcp.app.knowledge import known_for_calls
from b24_mcp.errors import B24Error
from b24_mcp.rest import Answer, Succeeded, act_of_call, acts_of_batch, dry_run_batch
from b24_mcp.rest import check_commands as as_commands
from b24_mcp.server.consent import Answered, ApprovalForm, Plan, Unasked, ask, permit_for
from b24_mcp.server.progress import progress_of
from b24_mcp.server.tooling import FormalTool, PortalName, make_tool

_A_COMMAND = '{"method": "crm.deal.get", "params": {"id": 1}}'


def _commands_by_name(value: Any) -> Any:
    if isinstance(value, dict):
        return value
    raise ValueError(f'must be an object of commands by name, such as {{"deal": {_A_COMMAND}}}')


def _command(value: Any) -> Any:
    if isinstance(value, dict | BatchCommand):
        return value
    raise ValueError(f"must be an object with method and perhaps params, such as {_A_COMMAND}")


def _object_or_list(value: Any) -> Any:
    if value is None or isinstance(value, dict | list):
        return value
    raise ValueError("must be an object, or a list for a positional method")


Params = Annotated[
    Any,
    AfterValidator(_object_or_list),
    WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "array", "items": {}}]}),
]
AnswerFormat = Annotated[
    Literal["json", "xml"], Field(description="What the portal writes. Keep json; xml loses types.")
]
Version = Annotated[
    WantedVersion, Field(description="Generation of the API. auto: the one that has the method, v2 where both do.")
]
Validate = Annotated[bool, Field(description="Check params against the documentation first. false sends them as is.")]


class BatchCommand(BaseModel):
    """One command of a batch, as a client writes it."""

    model_config = ConfigDict(extra="forbid")

    method: str
    params: Params = None


DryRun = Annotated[
    bool, Field(description="Send nothing; show what would be sent, effect, risks, and whether a person is asked.")
]
Method = Annotated[str, Field(description="Method name only, e.g. crm.deal.list")]
MethodParams = Annotated[
    Params,
    Field(description="Named parameters. For the positional task.* methods: a list of values in their order."),
]


async def plan_call(
    ctx: Context[App],
    method: str,
    params: Any,
    version: WantedVersion,
    format: Literal["json", "xml"],
    validate: bool,
    portal: str | None,
) -> Plan:
    """Check and judge one call."""
    return await _plan(ctx, method, params, version, format, validate, portal)


async def ask_about_call(
    ctx: Context[App], plan: Annotated[Plan, Resolve(plan_call)], dry_run: bool
) -> Elicit[ApprovalForm] | Unasked:
    """Ask the person about one call."""
    return await ask(ctx, plan, dry_run)


async def call_method(
    ctx: Context[App],
    plan: Annotated[Plan, Resolve(plan_call)],
    answered: Annotated[Answered, Resolve(ask_about_call)],
    method: Method,
    params: MethodParams = None,
    version: Version = "auto",
    format: AnswerFormat = "json",
    validate: Validate = True,
    dry_run: DryRun = False,
    portal: PortalName = None,
) -> CallToolResult:
    """Call one Bitrix24 REST method, e.g. method crm.deal.list with
    params {"filter": {">=OPPORTUNITY": 1000}, "select": ["ID", "TITLE"], "order": {"ID": "DESC"}}.

    The answer is JSON: ok, version, result, and for lists total and next (pass it as start for the next page of 50;
    in v3 add it to params). On failure error.executed says whether the call took effect (no, yes, unknown) and
    error.hint what to do. For several calls use batch_call.
    """
    app = ctx.request_context.lifespan_context
    if dry_run and plan.error is None:
        form = dry_form(plan.judgement, plan.opened.notice) | _warnings(plan.checked.warnings)
        return await app.answer(form, failed=False, budget=plan.opened.budget)
    return await _call(ctx, plan, answered, format)


async def read_method(
    ctx: Context[App],
    method: Method,
    params: MethodParams = None,
    version: Version = "auto",
    format: AnswerFormat = "json",
    validate: Validate = True,
    portal: PortalName = None,
) -> CallToolResult:
    """call_method for methods that only read (describe_method: effect read). Prefer it for reading: clients run it
    without asking. Any other method is refused.
    """
    plan = await _plan(ctx, method, params, version, format, validate, portal, reading_only=True)
    return await _call(ctx, plan, None, format)


async def plan_batch(
    ctx: Context[App],
    commands: dict[str, BatchCommand],
    halt: bool,
    version: WantedVersion,
    format: Literal["json", "xml"],
    validate: bool,
    portal: str | None,
) -> Plan:
    """Check and judge the commands of a batch."""
    app = ctx.request_context.lifespan_context
    plan = Plan(await app.portals.get(portal), halt=halt)
    named = {name: command.model_dump() for name, command in commands.items()}
    methods = [command.method for command in commands.values()]
    catalogue = (await known_for_calls(app, methods, version, portal)).catalogue
    try:
        check = partial(check_commands, named, version, validate=validate, catalogue=catalogue)
        plan.checked = await run_sync(check)
        versioned = {
            name: command | {"params": plan.checked[name].params, "version": plan.checked[name].version}
            for name, command in named.items()
        }
        plan.acts = acts_of_batch(as_commands(versioned, format))
        plan.judge(catalogue if validate else None)
    except B24Error as exc:
        plan.error = await run_sync(with_similar_names, exc, catalogue)
    return plan


async def ask_about_batch(
    ctx: Context[App], plan: Annotated[Plan, Resolve(plan_batch)], dry_run: bool
) -> Elicit[ApprovalForm] | Unasked:
    """Ask the person about a batch."""
    return await ask(ctx, plan, dry_run)


async def batch_call(
    ctx: Context[App],
    plan: Annotated[Plan, Resolve(plan_batch)],
    answered: Annotated[Answered, Resolve(ask_about_batch)],
    commands: Annotated[
        dict[str, Annotated[BatchCommand, BeforeValidator(_command)]],
        BeforeValidator(_commands_by_name),
        Field(description="Commands by name, run in this order; any number of them."),
    ],
    halt: Annotated[
        bool, Field(description="Stop at the first failure. Set it when commands build on each other.")
    ] = False,
    version: Version = "auto",
    format: AnswerFormat = "json",
    validate: Validate = True,
    dry_run: DryRun = False,
    portal: PortalName = None,
) -> CallToolResult:
    """Call many Bitrix24 REST methods in few requests. A value may refer to an earlier command, e.g. commands
    {"me": {"method": "user.current"},
    "dep": {"method": "department.get", "params": {"ID": "$result[me][UF_DEPARTMENT][0]"}}}.

    A reference stands alone or between spaces. Also: $total[name], $next[name].
    The answer has a summary and for each command its result, error, or why it was not run; in large batches equal
    outcomes are joined in "equal" and like results in "tables". Independent commands go on after a failure unless halt
    is true.
    """
    app, opened = ctx.request_context.lifespan_context, plan.opened
    try:
        if plan.error is not None:
            raise plan.error
        if dry_run:
            return await app.answer(await _dry_batch(plan, format), failed=False, budget=opened.budget)
        permit = await permit_for(plan, answered, app.redactor)
        answer = await opened.portal.batch(
            _written(plan), halt=halt, format=format, on_wait=progress_of(ctx), permit=permit
        )
    except B24Error as exc:
        return await app.answer(error_form(exc, opened.notice), failed=True, budget=opened.budget)
    warnings = _warnings_of_commands(plan)
    in_v3 = [act.name for act in plan.acts if act.version == "v3"]
    form = batch_form(replace(answer, warnings=(*answer.warnings, *warnings)), opened.notice, in_v3)
    answers = [outcome.answer for outcome in answer.outcomes.values() if isinstance(outcome, Succeeded)]
    return await app.answer(
        _with_care(form, answers),
        failed=not form["ok"],
        budget=opened.budget,
        writes={ruling.act.name for ruling in plan.judgement.rulings if ruling.effect != "read"},
        methods={act.name: act.method for act in plan.acts},
    )


def call_tools(level: Level) -> list[FormalTool]:
    """The tools of this family, ready to be served to clients that are told of this level of access."""
    reading = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True)
    anything = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True)
    own = reading if level == "read" else anything
    tools = [
        make_tool(call_method, title="Call a Bitrix24 method", annotations=own),
        make_tool(batch_call, title="Call many Bitrix24 methods", annotations=own),
    ]
    if level == "read":
        return tools
    return [make_tool(read_method, title="Read with a Bitrix24 method", annotations=reading), *tools]


async def _plan(
    ctx: Context[App],
    method: str,
    params: Any,
    version: WantedVersion,
    format: Literal["json", "xml"],
    validate: bool,
    portal: str | None,
    *,
    reading_only: bool = False,
) -> Plan:
    app = ctx.request_context.lifespan_context
    plan = Plan(await app.portals.get(portal))
    catalogue = (await known_for_calls(app, [method], version, portal)).catalogue
    try:
        check = partial(check_call, method, params, version, validate=validate, catalogue=catalogue)
        plan.checked = await run_sync(check)
        plan.acts = [act_of_call(method, plan.checked.params, plan.checked.version, format)]
        plan.judge(catalogue if validate else None, reading_only=reading_only)
    except B24Error as exc:
        plan.error = await run_sync(with_similar_names, exc, catalogue)
    return plan


async def _call(
    ctx: Context[App], plan: Plan, answered: Answered | None, format: Literal["json", "xml"]
) -> CallToolResult:
    """Make a planned call; without an answer of a person nothing that needs one goes."""
    app, opened = ctx.request_context.lifespan_context, plan.opened
    used = plan.checked.version if plan.checked is not None else None
    try:
        if plan.error is not None:
            raise plan.error
        (act,) = plan.acts
        permit = None if answered is None else await permit_for(plan, answered, app.redactor)
        assert not isinstance(act.params, str)
        answer = await opened.portal.call(
            act.method, act.params, version=act.version, format=format, on_wait=progress_of(ctx), permit=permit
        )
    except B24Error as exc:
        error = exc if exc is plan.error else await run_sync(with_similar_names, exc, opened.discovery.known.catalogue)
        return await app.answer(error_form(error, opened.notice, used), failed=True, budget=opened.budget)
    answer = replace(answer, warnings=(*answer.warnings, *plan.checked.warnings))
    form = _with_care(call_form(answer, opened.notice), [answer])
    return await app.answer(form, failed=False, budget=opened.budget)


async def _dry_batch(plan: Plan, format: Literal["json", "xml"]) -> Form:
    rehearsal = await dry_run_batch(as_commands(_written(plan), format), halt=plan.halt, format=format)
    return dry_form(plan.judgement, plan.opened.notice, rehearsal) | _warnings(_warnings_of_commands(plan))


def _warnings_of_commands(plan: Plan) -> list[str]:
    """The warnings about commands, each text once: with the command it is about, and how many others it is about."""
    names: dict[str, list[str]] = {}
    for name, one in plan.checked.items():
        for text in dict.fromkeys(one.warnings):
            names.setdefault(text, []).append(name)
    return [
        f"{about[0]}: {text}" if len(about) == 1 else f"{about[0]} and {len(about) - 1} more commands: {text}"
        for text, about in names.items()
    ]


def _warnings(warnings: Sequence[str]) -> Form:
    return {"warnings": list(warnings)} if warnings else {}


def _written(plan: Plan) -> dict[str, dict[str, Any]]:
    return {act.name: {"method": act.method, "params": act.params, "version": act.version} for act in plan.acts}


def _with_care(form: Form, answers: list[Answer]) -> Form:
    """Say of texts that strangers may have written what they are."""
    holding = [answer.method for answer in answers if answer.result and isinstance(answer.result, Mapping | list)]
    return with_notice(form, NOTICE) if any(map(may_hold_words_of_strangers, holding)) else form
