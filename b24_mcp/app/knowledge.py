"""Current knowledge of methods: the catalogue, and the methods that the portal reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from b24_mcp.app.app import App
from b24_mcp.errors import B24Error

if TYPE_CHECKING:
    from b24_mcp.discovery import Knowledge

_LONGEST_WAIT = 2.0


async def known_now(app: App, portal: str | None = None) -> Knowledge:
    """Return what is known without a request."""
    opened = app.portals.opened(portal)
    # The first use of the catalogue reads it from disk.
    return await run_sync(documented) if opened is None else opened.discovery.known


def host_of(app: App) -> str:
    """Return the host of the open default portal of this caller; empty when it is not open."""
    opened = app.portals.opened()
    return "" if opened is None else opened.portal.host


def documented() -> Knowledge:
    """Return what is known without a portal. The first time, this reads the catalogue from disk."""
    from b24_mcp.discovery import documented  # not needed to start and list the tools

    return documented()


async def known_soon(app: App) -> Knowledge:
    """Return what is known, and start asking the portal for its methods in the background if it was not asked yet."""
    opened = app.portals.opened()
    if opened is not None:
        return await opened.discovery.look(app.background)
    app.background.start_soon(_ask_portal, app)
    return await known_now(app)


async def known_with_portal(app: App, portal: str | None = None) -> Knowledge:
    """Return what is known once the portal has reported its methods, or after two seconds. Nothing is raised."""
    try:
        opened = await app.portals.get(portal)
    except B24Error:
        return await run_sync(documented)
    return await opened.discovery.look(app.background, _LONGEST_WAIT)


async def _ask_portal(app: App) -> None:
    """Open the default portal and ask it for its methods. The sandbox is not asked without a configured portal."""
    try:
        configuration = await run_sync(app.portals.configuration)
        if configuration.has_portals:
            await (await app.portals.get()).discovery.look(app.background)
    except B24Error:
        return  # a call of a method reports what is wrong with the settings
