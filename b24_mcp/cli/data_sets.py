"""The data sets of a portal, opened for one command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from b24_mcp.errors import B24Error
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from b24_mcp.app.portals import OpenPortal
    from b24_mcp.records import DataSetLibrary

    Work = Callable[[OpenPortal, DataSetLibrary], Awaitable[Mapping[str, object]]]


async def with_data_sets(redactor: Redactor, portal: str | None, work: Work) -> Mapping[str, object]:
    """Run `work` with the portal and its data sets, and return its answer, or its failure, in the normal form."""
    # Imported here so that --help answers at once.
    from b24_mcp.app.answers.forms import error_form
    from b24_mcp.app.data_sets import DataSets
    from b24_mcp.app.portals import Portals

    portals = Portals(redactor)
    data_sets = DataSets(redactor)
    notice = None
    try:
        opened = await portals.get(portal)
        notice = opened.notice
        return await work(opened, data_sets.of(opened))
    except B24Error as exc:
        return error_form(exc, notice)
    finally:
        await data_sets.aclose()
        await portals.aclose()
