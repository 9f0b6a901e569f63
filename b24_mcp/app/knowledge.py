"""What is known of methods at this moment, for the tools: the catalogue, and what the portal says it offers."""

from __future__ import annotations

from anyio.to_thread import run_sync

from b24_mcp.app.app import App
from b24_mcp.discovery import Knowledge, documented
from b24_mcp.errors import B24Error

_PATIENCE = 2.0


async def known_now(app: App, portal: str | None = None) -> Knowledge:
    """What is known without asking anybody."""
    opened = app.portals.opened(portal)
    # The catalogue is read from disk when it is asked for the first time.
    return await run_sync(documented) if opened is None else opened.discovery.known


async def known_soon(app: App) -> Knowledge:
    """The same; a portal that has not said yet what it offers is asked, for the next time. Nobody waits for it."""
    opened = app.portals.opened()
    if opened is not None:
        return await opened.discovery.look(app.background)
    app.background.start_soon(_ask_portal, app)
    return await known_now(app)


async def known_with_portal(app: App, portal: str | None = None) -> Knowledge:
    """What is known once the portal has said what it offers, or after two seconds; nothing is raised."""
    try:
        opened = await app.portals.get(portal)
    except B24Error:
        return await run_sync(documented)
    return await opened.discovery.look(app.background, _PATIENCE)


async def _ask_portal(app: App) -> None:
    """Open the portal that is meant and have it asked; the sandbox has nothing to say that is not documented."""
    try:
        configuration = await run_sync(app.portals.configuration)
        if configuration.has_portals:
            await (await app.portals.get()).discovery.look(app.background)
    except B24Error:
        return  # whoever calls a method is told what is wrong with the settings
