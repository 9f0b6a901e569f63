"""The tool `find_records`."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import BeforeValidator, Field
from pydantic.json_schema import SkipJsonSchema

from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.server.tooling import FormalTool, make_tool
from b24_mcp.server.tools.arguments import READS_PORTAL, PortalName


def _listed(value: object) -> object:
    """Return a text with commas as a list; an empty one is not given."""
    if isinstance(value, str):
        return [one for one in (part.strip() for part in value.split(",")) if one] or None
    return value


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


async def find_records(
    ctx: Context[App],
    text: Annotated[
        str, BeforeValidator(_as_text), Field(description="A name or part of it, phone, e-mail, number or id")
    ],
    kinds: Annotated[
        list[str] | SkipJsonSchema[None],
        BeforeValidator(_listed),
        Field(description="Only these, e.g. deal, contact, dynamic:1030"),
    ] = None,
    limit: Annotated[
        Annotated[int, Field(ge=1, le=20)] | SkipJsonSchema[None], Field(description="Records of each kind")
    ] = 5,
    portal: PortalName = None,
) -> Reply:
    """Find records by what a person says: "Anna Sokolova", "+49 30 1234", "сделка 17". Call it first when you have a
    name and no id.

    Searches CRM records, smart processes, users, tasks, groups, chats, files and products at once. Returns the best
    with id, stage, person, company and link.
    """
    from b24_mcp.app.finding.reply import find_reply  # not needed to start and list the tools

    return await find_reply(ctx.request_context.lifespan_context, text, kinds=kinds, limit=limit or 5, portal=portal)


def find_records_tool() -> FormalTool:
    """Return the tool."""
    return make_tool(find_records, title="Find Bitrix24 records", annotations=READS_PORTAL)
