"""The portal: who the caller is there, what is granted, and which limits apply."""

from __future__ import annotations

from itertools import islice

from anyio.to_thread import run_sync

from b24_mcp.access import current_caller, probing
from b24_mcp.app.answers.forms import Form, failure_form, head
from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.app.portals import OpenPortal

_MISSING_SHOWN = 12
_WORTH_TELLING = 5.0


async def portal_reply(app: App, portal: str | None = None) -> Reply:
    """Return what is known of a portal: host, user, access level, scopes, limits, and the configured portals.

    Raises:
        B24Error: when the portal cannot be opened.
    """
    from b24_mcp.catalog import known_methods
    from b24_mcp.discovery import look_at  # a server that only lists its tools needs none of it

    opened = await app.portals.get(portal)
    catalogue = await run_sync(known_methods)
    with probing():
        portrait = await look_at(opened.portal, catalogue)
    if portrait.trouble is not None:
        form = failure_form(portrait.trouble, opened.notice) | {"host": portrait.host}
        return Reply(form, opened.settings.budget)
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
    form |= {"limits": await _limits(opened), "portals": await run_sync(_names, app)}
    return Reply(form, opened.settings.budget)


async def _limits(opened: OpenPortal) -> Form:
    free = await opened.portal.requests_free()
    return {"plan": opened.portal.plan} | ({} if free is None else {"requests_free": free})


def _names(app: App) -> list[str]:
    allowed = current_caller().portals
    return [name for name in app.portals.configuration().names if allowed is None or name in allowed]
