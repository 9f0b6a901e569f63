"""What is known of methods at this moment, for the tools: the catalogue, and what the portal says it offers."""

from __future__ import annotations

from collections.abc import Iterable

from anyio.to_thread import run_sync

from b24_mcp.app.app import App
from b24_mcp.catalog import known_methods
from b24_mcp.discovery import Knowledge, documented
from b24_mcp.errors import B24Error
from b24_mcp.rest import is_method_name

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


async def known_for_calls(app: App, methods: Iterable[str], version: str, portal: str | None) -> Knowledge:
    """What is known for these calls, `version` being `auto` or the one that is wanted. Only where one of them is not
    documented, and may be a method of REST 3.0 by its name, the portal's word is waited for.
    """
    for method in methods:
        versions = known_methods().versions(method)
        known = bool(versions) and version in ("auto", *versions)
        if not known and version != "v2" and "." in method and is_method_name(method):
            return await known_with_portal(app, portal)
    return await known_now(app, portal)


async def _ask_portal(app: App) -> None:
    """Open the portal that is meant and have it asked; the sandbox has nothing to say that is not documented."""
    try:
        configuration = await run_sync(app.portals.configuration)
        if configuration.has_portals:
            await (await app.portals.get()).discovery.look(app.background)
    except B24Error:
        return  # whoever calls a method is told what is wrong with the settings
