"""The tool `portal_info`."""

from __future__ import annotations

from mcp.server.mcpserver import Context

from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.server.tooling import FormalTool, make_tool
from b24_mcp.server.tools.arguments import READS_PORTAL, PortalName


async def portal_info(ctx: Context[App], portal: PortalName = None) -> Reply:
    """Describe the portal and the current user: host, user, access level, granted and missing scopes, whether it has
    REST 3.0, licence, requests left, configured portals, which documentation is here, and what words mean in this
    company (notes).
    """
    from b24_mcp.app.portal_info import portal_reply  # not needed to start and list the tools

    return await portal_reply(ctx.request_context.lifespan_context, portal)


def portal_info_tool() -> FormalTool:
    """Return the tool."""
    return make_tool(portal_info, title="Describe the Bitrix24 portal", annotations=READS_PORTAL)
