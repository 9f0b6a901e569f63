"""The tool that tells where we are: which portal answers, who we are there, and what is granted."""

from __future__ import annotations

from functools import partial
from itertools import islice

from anyio.to_thread import run_sync
from mcp.server.mcpserver import Context
from mcp_types import CallToolResult, ToolAnnotations

from b24_mcp.access import current_caller, probing
from b24_mcp.app.answers.forms import Form, error_form, head
from b24_mcp.app.app import App
from b24_mcp.app.portals import OpenPortal
from b24_mcp.config.renamed import renamed_settings_in_use
from b24_mcp.server.tooling import FormalTool, PortalName, make_tool

_MISSING_SHOWN = 12
_WORTH_TELLING = 5.0


async def portal_info(ctx: Context[App], portal: PortalName = None) -> CallToolResult:
    """Tell which portal answers and who we are there: host, user, level of access, granted and missing scopes, whether
    it has REST 3.0, licence, requests left, configured portals.
    """
    from b24_mcp.catalog import known_methods
    from b24_mcp.discovery import look_at  # a server that only lists its tools needs none of it

    app = ctx.request_context.lifespan_context
    opened = await app.portals.get(portal)
    catalogue = await run_sync(known_methods)
    with probing():
        portrait = await look_at(opened.portal, catalogue)
    if portrait.trouble is not None:
        form = error_form(portrait.trouble, opened.notice) | {"host": portrait.host}
        return await app.answer(form, failed=True, budget=opened.budget)
    form = head(True, opened.notice) | {"name": opened.name, "host": portrait.host}
    form["user"] = {"id": portrait.user_id, "name": portrait.user, "admin": portrait.is_admin}
    if portrait.not_checked:
        form["user"] = "not checked" if "profile" in portrait.not_checked else form["user"]
        form["not_checked"] = dict(portrait.not_checked)
    form["access"] = opened.gate.level
    form |= {"rest_v3": portrait.has_v3, "licence": portrait.licence}
    if portrait.skew is not None and abs(portrait.skew) >= _WORTH_TELLING:
        form["clock_ahead"] = portrait.skew
    form |= {"scopes": portrait.scopes, "missing_scopes": dict(islice(portrait.missing.items(), _MISSING_SHOWN))}
    form |= {"limits": await _limits(opened), "portals": await run_sync(partial(_names, app))}
    if warnings := renamed_settings_in_use():
        form["warnings"] = warnings
    return await app.answer(form, failed=False, budget=opened.budget)


async def _limits(opened: OpenPortal) -> Form:
    free = await opened.portal.requests_free()
    return {"plan": opened.portal.plan} | ({} if free is None else {"requests_free": free})


def _names(app: App) -> list[str]:
    allowed = current_caller().portals
    return [name for name in app.portals.configuration().names if allowed is None or name in allowed]


def portal_tools() -> list[FormalTool]:
    """The tools of this family, ready to be served."""
    reading = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True)
    return [make_tool(portal_info, title="Tell about the Bitrix24 portal", annotations=reading)]
