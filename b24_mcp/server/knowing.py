"""What is known of methods at this moment, for the tools: the catalogue, and what the portal says it offers."""

from __future__ import annotations

from functools import partial

from b24_mcp.rest import B24Error
from b24_mcp.schema import Knowledge, documented
from b24_mcp.server.app import App

_PATIENCE = 2.0


def known_now(app: App) -> Knowledge:
    """What is known without asking anybody."""
    opened = app.portals.opened
    return documented() if opened is None else opened.discovery.known


async def known_soon(app: App) -> Knowledge:
    """The same; a portal that has not said yet what it offers is asked, for the next time. Nobody waits for it."""
    opened = app.portals.opened
    if opened is None:
        app.background.start_soon(partial(_ask_portal, app))
        return documented()
    return await opened.discovery.look(app.background)


async def known_with_portal(app: App) -> Knowledge:
    """What is known once the portal has said what it offers, or after two seconds; nothing is raised."""
    try:
        opened = await app.portals.get()
    except B24Error:
        return documented()
    return await opened.discovery.look(app.background, _PATIENCE)


async def _ask_portal(app: App) -> None:
    try:
        opened = await app.portals.get()
    except B24Error:
        return  # whoever calls a method is told what is wrong with the settings
    await opened.discovery.look(app.background)
