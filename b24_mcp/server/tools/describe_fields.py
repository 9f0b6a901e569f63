"""The tool `describe_fields`."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.server.tooling import FormalTool, make_tool
from b24_mcp.server.tools.arguments import READS_PORTAL, PortalName


async def describe_fields(
    ctx: Context[App],
    entity: Annotated[
        str, Field(description="deal, lead, contact, task, user, product, … dynamic:1030, title of an SPA, list:15")
    ],
    only: Annotated[str | SkipJsonSchema[None], Field(description="A word of the label or name")] = None,
    portal: PortalName = None,
) -> Reply:
    """Describe the fields of records on this portal, custom ones included: names, labels, types, options, stages, how
    to write values.
    """
    from b24_mcp.app.entity_fields import fields_reply  # not needed to start and list the tools

    return await fields_reply(ctx.request_context.lifespan_context, entity, only=only, portal=portal)


def describe_fields_tool() -> FormalTool:
    """Return the tool."""
    return make_tool(describe_fields, title="Describe the fields of records", annotations=READS_PORTAL)
