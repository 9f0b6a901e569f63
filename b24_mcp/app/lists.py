"""Read whole lists: plan the first call, then read page by page into a data set."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from b24_mcp.access import NOTICE
from b24_mcp.app.answers.forms import Form, failure_form, with_notice
from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.app.links import list_link, with_row_link
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.app.planning import CallRequest, fitted_to_portal, judged, prepare_call
from b24_mcp.catalog import has_outside_texts
from b24_mcp.errors import B24Error
from b24_mcp.rest import OnWait, Params

if TYPE_CHECKING:
    from b24_mcp.records import Fetch, Fetched

OnRows = Callable[[int, int | None], Awaitable[None]]
"""Called with the number of rows read so far, and the number of all rows if it is known."""


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A list to read, as the caller requested it.

    `limit` is the largest number of rows. `save_as` is the name of the data set, by default made from the method. With
    `resume` an interrupted or limited list is continued.
    """

    method: str
    params: Params | None = None
    limit: int | None = None
    save_as: str | None = None
    resume: bool = False


class ListRun:
    """One run that reads a list. `fetch` is set once reading has begun, so that an interruption can be described."""

    def __init__(self, app: App, opened: OpenPortal, request: ListRequest) -> None:
        self._app = app
        self._opened = opened
        self._request = request
        self.fetch: Fetch | None = None

    @property
    def fetched(self) -> Fetched:
        """The rows read so far. Available once reading has begun."""
        assert self.fetch is not None
        return self.fetch.fetched

    async def read(self, on_rows: OnRows, on_wait: OnWait) -> Form:
        """Read the list and return the form of what was read, complete or not.

        Raises:
            B24Error: when nothing could be read.
        """
        from b24_mcp.app.answers.record_forms import list_form
        from b24_mcp.records import Fetch  # not needed to start and list the tools

        request, opened = self._request, self._opened
        try:
            planned = await prepare_call(opened, CallRequest(request.method, request.params), self._app.background)
            plan = await fitted_to_portal(judged(opened, (planned,), validated=True))
            (planned,) = plan.calls
        except B24Error as exc:
            raise _without_validate_hint(exc) from None
        library = self._app.data_sets.of(opened)
        self.fetch = Fetch(
            library,
            opened.portal,
            planned.method,
            planned.params,
            version=planned.version,
            name=request.save_as,
            limit=request.limit,
            resume=request.resume,
        )
        fetched = await self.fetch.run(on_rows, on_wait)
        form = await list_form(fetched, library, request.method, opened.notice, planned.version)
        rows = [dict(zip(form["columns"], row, strict=True)) for row in form.get("rows", ())]
        link = await run_sync(list_link, opened.portal.origin, planned.method, planned.params, rows)
        if link is not None:
            form = with_row_link(form, link)
        if planned.warnings:
            form["warnings"] = [*form.get("warnings", ()), *planned.warnings]
        return form


async def read_list(
    app: App, request: ListRequest, portal: str | None = None, *, on_rows: OnRows, on_wait: OnWait
) -> Reply:
    """Read a list into a data set and return the reply: counts, columns and the first rows.

    Raises:
        B24Error: when the portal cannot be opened.
    """
    opened = await app.portals.get(portal)
    try:
        form = await ListRun(app, opened, request).read(on_rows, on_wait)
    except B24Error as exc:
        return Reply(failure_form(exc, opened.notice), opened.settings.budget)
    if form.get("rows") and has_outside_texts(request.method):
        form = with_notice(form, NOTICE)
    return Reply(form, opened.settings.budget)


def _without_validate_hint(error: B24Error) -> B24Error:
    """Return the error with a hint that does not offer validate=false, since `list_records` has no such argument."""
    if error.fault.code != "B24MCP_PARAMS" or "validate=false" not in error.fault.hint:
        return error
    hint = "Nothing was sent. Correct them (describe_method shows every parameter)."
    return B24Error(replace(error.fault, hint=hint), error.method)
