"""The tool `apply_records`."""

from __future__ import annotations

from typing import Annotated, Literal

from mcp.server.mcpserver import Context
from pydantic import BeforeValidator, Field
from pydantic.json_schema import SkipJsonSchema

from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.server.elicitation import ClientQuestion
from b24_mcp.server.progress import ListProgress
from b24_mcp.server.tooling import FormalTool, make_tool
from b24_mcp.server.tools.arguments import CHANGES_PORTAL, Params, PortalName, Sql


def _as_list(value: object) -> object:
    """Return one name as a list of names; clients may write either."""
    if value is None or value == "":
        return []
    return [part.strip() for part in value.split(",")] if isinstance(value, str) and value[:1] != "[" else value


async def apply_records(
    ctx: Context[App],
    sql: Sql,
    method: Annotated[str, Field(description="A method that writes")],
    params: Annotated[
        Params, Field(description='Columns as values: "$ID" keeps its type, "Deal ${TITLE}" is text, "$$" a dollar.')
    ],
    match: Annotated[
        list[str],
        BeforeValidator(_as_list),
        Field(description='With crm.*.add: find records that exist by ["PHONE","EMAIL"] or a field.'),
    ] = [],  # noqa: B006  # never changed
    on_match: Annotated[Literal["update", "skip"], Field(description="What to do with those")] = "update",
    save_as: Annotated[str | SkipJsonSchema[None], Field(description="Data set of outcomes")] = None,
    resume: Annotated[bool, Field(description="Only continue an interrupted call")] = False,
    dry_run: Annotated[bool, Field(description="Send nothing, show counts, risks and the first calls")] = False,
    portal: PortalName = None,
) -> Reply:
    """Create, update or delete many records: one call for each row of a query, e.g. method crm.deal.update,
    sql SELECT ID FROM crm_deal_list WHERE SOURCE_ID IS NULL, params {"id": "$ID", "fields": {"SOURCE_ID": "WEB"}}.

    All rows are checked, then the user is asked once. Returns counts and failed rows. Every outcome (row, id, ok,
    message, executed) is in a data set. If it answers running, make the same call again.
    """
    # Not needed to start and list the tools.
    from b24_mcp.app.apply import job
    from b24_mcp.app.apply.request import ApplyRequest

    progress = ListProgress(ctx)
    request = ApplyRequest(
        sql, method, {} if params is None else params, tuple(match), on_match, save_as, resume, dry_run
    )
    app = ctx.request_context.lifespan_context
    ask = ClientQuestion(ctx)
    return await job.apply_records(app, request, portal, ask=ask, on_rows=progress.rows, on_wait=progress.wait)


def apply_records_tool() -> FormalTool:
    """Return the tool."""
    return make_tool(apply_records, title="Write from a query", annotations=CHANGES_PORTAL)
