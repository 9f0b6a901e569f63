"""The tool `describe_method`."""

from __future__ import annotations

from typing import Annotated, Literal

from mcp.server.mcpserver import Context
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.server.tooling import FormalTool, make_tool
from b24_mcp.server.tools.arguments import READS_PORTAL, PortalName


async def describe_method(
    ctx: Context[App],
    method: Annotated[str, Field(description="Method name, e.g. crm.deal.add, or event name, e.g. onCrmDealAdd")],
    version: Annotated[
        Literal["v2", "v3"] | SkipJsonSchema[None],
        Field(description="API generation, if the method exists in both. Default v2"),
    ] = None,
    of: Annotated[
        str | SkipJsonSchema[None],
        Field(description="Only a part: filter, fields.SETTINGS, entityTypeId=2, or a word of a field name"),
    ] = None,
    portal: PortalName = None,
) -> Reply:
    """Describe a Bitrix24 REST method: exact parameters with values and traps, scope, effect, risks, result, paging,
    errors, replacement, and whether this portal has and grants it (available). Also the data of an event.
    """
    from b24_mcp.app.methods import method_reply  # not needed to start and list the tools

    app = ctx.request_context.lifespan_context
    return await method_reply(app, method, version=version, of=of, portal=portal)


def describe_method_tool() -> FormalTool:
    """Return the tool."""
    return make_tool(describe_method, title="Describe a Bitrix24 method", annotations=READS_PORTAL)
