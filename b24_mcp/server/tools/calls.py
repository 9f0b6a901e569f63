"""The tools that call methods: one alone, or many in a batch."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

from anyio.to_thread import run_sync
from mcp.server.mcpserver import Context
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from b24_mcp.rest import B24Error
from b24_mcp.server.app import App
from b24_mcp.server.checks import WantedVersion, check_call, check_commands, with_similar_names
from b24_mcp.server.knowing import known_for_calls
from b24_mcp.server.progress import progress_of
from b24_mcp.server.rendering import batch_form, call_form, error_form
from b24_mcp.server.tooling import FormalTool, make_tool


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


async def call_method(
    ctx: Context[App],
    method: Annotated[str, Field(description="Method name only, e.g. crm.deal.list")],
    params: Annotated[
        Params,
        Field(description="Named parameters. For the positional task.* methods: a list of values in their order."),
    ] = None,
    version: Version = "auto",
    format: AnswerFormat = "json",
    validate: Validate = True,
) -> CallToolResult:
    """Call one Bitrix24 REST method, e.g. method crm.deal.list with
    params {"filter": {">=OPPORTUNITY": 1000}, "select": ["ID", "TITLE"], "order": {"ID": "DESC"}}.

    The answer is JSON: ok, version, result, and for lists total and next (pass it as start for the next page of 50;
    in v3 add it to params). On failure error.executed says whether the call took effect (no, yes, unknown) and
    error.hint what to do. For several calls use batch_call.
    """
    app = ctx.request_context.lifespan_context
    opened = await app.portals.get()
    catalogue = (await known_for_calls(app, [method], version)).catalogue
    check = partial(check_call, method, params or {}, version, validate=validate, catalogue=catalogue)
    used = None
    try:
        checked = await run_sync(check)
        used = checked.version
        answer = await opened.portal.call(method, params, version=used, format=format, on_wait=progress_of(ctx))
    except B24Error as exc:
        error = await run_sync(with_similar_names, exc, catalogue)
        return app.answer(error_form(error, opened.notice, used), failed=True, budget=opened.budget)
    answer = replace(answer, warnings=(*answer.warnings, *checked.warnings))
    return app.answer(call_form(answer, opened.notice), failed=False, budget=opened.budget)


async def batch_call(
    ctx: Context[App],
    commands: Annotated[
        dict[str, BatchCommand], Field(description="Commands by name, run in this order; any number of them.")
    ],
    halt: Annotated[
        bool, Field(description="Stop at the first failure. Set it when commands build on each other.")
    ] = False,
    version: Version = "auto",
    format: AnswerFormat = "json",
    validate: Validate = True,
) -> CallToolResult:
    """Call many Bitrix24 REST methods in few requests. A value may refer to an earlier command, e.g. commands
    {"me": {"method": "user.current"},
    "dep": {"method": "department.get", "params": {"ID": "$result[me][UF_DEPARTMENT][0]"}}}.

    A reference stands alone or between spaces. Also: $total[name], $next[name].
    The answer has a summary and for each command its result, error, or why it was not run. Independent commands
    go on after a failure unless halt is true.
    """
    app = ctx.request_context.lifespan_context
    opened = await app.portals.get()
    named = {name: command.model_dump() for name, command in commands.items()}
    catalogue = (await known_for_calls(app, [command.method for command in commands.values()], version)).catalogue
    try:
        checked = await run_sync(partial(check_commands, named, version, validate=validate, catalogue=catalogue))
        versioned = {name: command | {"version": checked[name].version} for name, command in named.items()}
        answer = await opened.portal.batch(versioned, halt=halt, format=format, on_wait=progress_of(ctx))
    except B24Error as exc:
        return app.answer(error_form(exc, opened.notice), failed=True, budget=opened.budget)
    warnings = [f"{name}: {warning}" for name, one in checked.items() for warning in one.warnings]
    in_v3 = [name for name, one in checked.items() if one.version == "v3"]
    form = batch_form(replace(answer, warnings=(*answer.warnings, *warnings)), opened.notice, in_v3)
    return app.answer(form, failed=not form["ok"], budget=opened.budget)


def call_tools() -> list[FormalTool]:
    """The tools of this family, ready to be served."""
    # Until a call is judged by its method, each may change or delete anything on the portal.
    annotations = ToolAnnotations(
        read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True
    )
    return [
        make_tool(call_method, title="Call a Bitrix24 method", annotations=annotations),
        make_tool(batch_call, title="Call many Bitrix24 methods", annotations=annotations),
    ]
