"""The data sets of a portal, opened for one command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from b24_mcp.cli.advice import for_terminal
from b24_mcp.errors import B24Error
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from b24_mcp.app.answers.forms import Form
    from b24_mcp.app.app import App
    from b24_mcp.app.open_portal import OpenPortal

    Work = Callable[[App, OpenPortal], Awaitable[Form]]


async def with_data_sets(redactor: Redactor, portal: str | None, work: Work) -> Form:
    """Run `work` with the application and a portal, and return its answer, or its failure, in the normal form."""
    # Imported here so that --help answers at once.
    from b24_mcp.app.answers.forms import failure_form
    from b24_mcp.app.app import open_app

    notice = None
    async with open_app(redactor) as app:
        try:
            opened = await app.portals.get(portal)
            notice = opened.notice
            return await work(app, opened)
        except B24Error as exc:
            return for_terminal(failure_form(exc, notice))
