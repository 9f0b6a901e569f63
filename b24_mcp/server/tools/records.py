"""The tools for whole lists: read one into a data set, ask data sets in SQL, write what comes out to a file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from anyio.to_thread import run_sync
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from b24_mcp.access import NOTICE, Level, calling, current_caller, may_hold_words_of_strangers
from b24_mcp.app.answers.forms import Form, error_form, with_notice
from b24_mcp.app.answers.truncation import compact
from b24_mcp.app.app import App
from b24_mcp.errors import B24Error, our_error
from b24_mcp.server.callers import caller_of
from b24_mcp.server.progress import ListProgress
from b24_mcp.server.tooling import FormalTool, PortalName, make_tool
from b24_mcp.server.tools.calls import Params, plan_call

if TYPE_CHECKING:
    from b24_mcp.records import DataSetLibrary

Sql = Annotated[str, Field(description="One SELECT in the SQL of SQLite")]


async def list_records(
    ctx: Context[App],
    method: Annotated[str, Field(description="A method that lists, e.g. crm.deal.list")],
    params: Annotated[Params, Field(description="Its parameters, without paging")] = None,
    limit: Annotated[int | SkipJsonSchema[None], Field(description="Rows at most, by default all", ge=1)] = None,
    save_as: Annotated[
        str | SkipJsonSchema[None],
        Field(description="Name of the data set, by default after the method. A former one is replaced."),
    ] = None,
    resume: Annotated[bool, Field(description="Go on where the same call was interrupted or limited.")] = False,
    portal: PortalName = None,
) -> CallToolResult:
    """Read a whole Bitrix24 list, across all its pages, into a local data set, e.g. method crm.deal.list with
    params {"filter": {"CLOSED": "N"}, "select": ["ID", "OPPORTUNITY", "ASSIGNED_BY_ID"]}. Select only fields you need.

    The answer shows counts, columns and the first rows; query_records answers questions about all of them.
    """
    from b24_mcp.app.answers.record_forms import list_form
    from b24_mcp.records import Fetch  # a server that only lists its tools needs none of it

    app = ctx.request_context.lifespan_context
    opened = await app.portals.get(portal)
    library = app.data_sets.of(opened)
    try:
        plan = await plan_call(ctx, method, params, "auto", "json", True, portal)
        if plan.error is not None:
            raise _without_escape(plan.error)
        assert plan.checked is not None
        version = plan.checked.version
        fetch = Fetch(
            library,
            opened.portal,
            method,
            plan.checked.params,
            version=version,
            name=save_as,
            limit=limit,
            resume=resume,
        )
        progress = ListProgress(ctx)
        fetched = await fetch.run(progress.rows, progress.wait)
        form = await list_form(fetched, library, method, opened.notice, version)
    except B24Error as exc:
        return await app.answer(error_form(exc, opened.notice), failed=True, budget=opened.budget)
    if plan.checked.warnings:
        form["warnings"] = list(plan.checked.warnings)
    return await app.answer(_with_care(form, [method]), failed=not form["ok"], budget=opened.budget)


async def query_records(
    ctx: Context[App],
    sql: Sql,
    limit: Annotated[int, Field(description="Rows at most, by default 100", ge=1, le=5_000)] = 100,
    portal: PortalName = None,
) -> CallToolResult:
    """Ask data sets that list_records made, joins included, e.g.
    SELECT ASSIGNED_BY_ID, count(*), sum(OPPORTUNITY) FROM crm_deal_list GROUP BY 1.

    SELECT name, rows, columns FROM data_sets tells which there are. datetime columns hold ISO texts with an offset:
    substr(x, 1, 7) is the month, julianday(x) counts days. json columns: json_extract, json_each.
    """
    from b24_mcp.app.answers.record_forms import query_form
    from b24_mcp.records import ask

    app = ctx.request_context.lifespan_context
    opened = await app.portals.get(portal)
    try:
        answered = await ask(
            app.data_sets.of(opened), sql, rows=limit, characters=opened.budget, caller=current_caller().name
        )
    except B24Error as exc:
        return await app.answer(error_form(exc, opened.notice), failed=True, budget=opened.budget)
    form = _with_care(query_form(answered, opened.notice), [data_set.method for data_set in answered.read])
    return await app.answer(form, failed=False, budget=opened.budget)


async def export_records(
    ctx: Context[App],
    sql: Sql,
    path: Annotated[str, Field(description="A new file: .csv, .jsonl, .xlsx or .parquet")],
    portal: PortalName = None,
) -> CallToolResult:
    """Write everything a SELECT over data sets gives to a file for the person, in the folder they set up for it."""
    from b24_mcp.app.answers.record_forms import export_form
    from b24_mcp.records import check_format, export, place_in

    app = ctx.request_context.lifespan_context
    opened = await app.portals.get(portal)
    try:
        if opened.gate.level == "read":
            raise our_error("B24MCP_POLICY", "At the level of access read nothing is written, files included.")
        place = await run_sync(place_in, opened.settings.files_dir, path)
        await run_sync(check_format, place.path)
        exported = await export(app.data_sets.of(opened), sql, place, caller=current_caller().name)
    except B24Error as exc:
        return await app.answer(error_form(exc, opened.notice), failed=True, budget=opened.budget)
    return await app.answer(export_form(exported, opened.notice), failed=False, budget=opened.budget)


def _without_escape(error: B24Error) -> B24Error:
    """Here no check can be switched off, so the hint must not say so."""
    if error.fault.code != "B24MCP_PARAMS" or "validate=false" not in (error.fault.hint or ""):
        return error
    hint = "Nothing was sent. Correct them (describe_method tells all)."
    return B24Error(replace(error.fault, hint=hint), error.method)


def _with_care(form: Form, methods: list[str]) -> Form:
    """Say of texts that strangers may have written what they are."""
    holds = form.get("rows") and any(map(may_hold_words_of_strangers, methods))
    return with_notice(form, NOTICE) if holds else form


def add_records_resource(server: MCPServer[App]) -> None:
    """Offer the data sets as resources: all, or those of one method, and each by its name.

    They are not listed one by one: that would open the portal for a client that only starts.
    """

    @server.resource("b24://records{?method}", name="data-sets", title="Data sets", mime_type="application/json")
    async def data_sets(ctx: Context[App], method: str = "") -> str:
        """Every data set that was read from the portal: its rows, columns, origin and age."""
        from b24_mcp.app.answers.record_forms import set_form

        app = ctx.request_context.lifespan_context
        sets = await (await _library(ctx)).sets()
        wanted = [one for one in sets if method.lower() in ("", one.method.lower())]
        return app.redactor.redact(compact([set_form(data_set) for data_set in wanted]))

    @server.resource("b24://records/{name}", name="data-set", title="A data set", mime_type="application/json")
    async def data_set(name: str, ctx: Context[App]) -> str:
        """One data set: its rows, columns, origin and age."""
        from b24_mcp.app.answers.record_forms import set_form

        app = ctx.request_context.lifespan_context
        found = await (await _library(ctx)).find(name)
        if found is None:
            raise ResourceNotFoundError(f"there is no data set {name[:80]!r}")
        return app.redactor.redact(compact(set_form(found)))


async def _library(ctx: Context[App]) -> DataSetLibrary:
    """The data sets a resource tells of: those of the portal that is meant when this caller names none."""
    app = ctx.request_context.lifespan_context
    with calling(caller_of(ctx)):
        return app.data_sets.of(await app.portals.get())


def record_tools(level: Level) -> list[FormalTool]:
    """The tools of this family, ready to be served to clients that are told of this level of access."""
    # Nothing on the portal is changed; the data sets are this program's own memory of it.
    listing = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True)
    asking = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
    writing = ToolAnnotations(
        read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False
    )
    tools = [
        make_tool(list_records, title="Read a whole Bitrix24 list", annotations=listing),
        make_tool(query_records, title="Query data sets", annotations=asking),
    ]
    if level == "read":
        return tools
    return [*tools, make_tool(export_records, title="Export data sets", annotations=writing)]
