"""What is known of methods at this moment, for the tools: the catalogue, and what the portal says it offers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from b24_mcp.catalog import shipped
from b24_mcp.rest import B24Error, is_method_name
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


async def known_for_calls(app: App, methods: Iterable[str], version: str) -> Knowledge:
    """What is known for these calls, `version` being `auto` or the one that is wanted. Only where one of them is not
    documented, and may be a method of REST 3.0 by its name, the portal's word is waited for.
    """
    for method in methods:
        versions = shipped().versions(method)
        known = bool(versions) and version in ("auto", *versions)
        if not known and version != "v2" and "." in method and is_method_name(method):
            return await known_with_portal(app)
    return known_now(app)


async def _ask_portal(app: App) -> None:
    try:
        opened = await app.portals.get()
    except B24Error:
        return  # whoever calls a method is told what is wrong with the settings
    await opened.discovery.look(app.background)
