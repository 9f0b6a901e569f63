"""Read whole lists: plan the first call, then read page by page into a data set."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from b24_mcp.access import NOTICE
from b24_mcp.app.answers.forms import Form, failure_form, with_notice
from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.app.links import list_link, with_row_link
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.app.planning import CallRequest, fitted_to_portal, judged, prepare_call
from b24_mcp.app.runs import BackgroundRun, OnRows, run_key, running_form
from b24_mcp.catalog import has_outside_texts
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest import OnWait, Params

if TYPE_CHECKING:
    from b24_mcp.records import Fetch, Fetched, Refresh


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A list to read, as the caller requested it.

    `limit` is the largest number of rows. `save_as` is the name of the data set, by default made from the method. With
    `resume` an interrupted or limited list is continued. With `refresh` the data set is brought up to date; without
    `params` those of the data set are used.
    """

    method: str
    params: Params | None = None
    limit: int | None = None
    save_as: str | None = None
    resume: bool = False
    refresh: bool = False


_STOPPED = "If the server is stopped meanwhile, the rows read so far are kept, and the same call continues."
_REMEMBERED_SECONDS = 3_600.0


class ListRun:
    """One run that reads a list. `fetch` is set once reading has begun, so that an interruption can be described."""

    def __init__(self, app: App, opened: OpenPortal, request: ListRequest) -> None:
        self._app = app
        self._opened = opened
        self.request = request
        self.fetch: Fetch | Refresh | None = None

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
        from b24_mcp.records import Fetch, Refresh  # not needed to start and list the tools

        request, opened = self.request, self._opened
        if request.refresh:
            request = await self._request_of_the_set()
        try:
            planned = await prepare_call(opened, CallRequest(request.method, request.params), self._app.background)
            plan = await fitted_to_portal(judged(opened, (planned,), validated=True))
            (planned,) = plan.calls
        except B24Error as exc:
            raise _without_validate_hint(exc) from None
        library = self._app.data_sets.of(opened)
        if request.refresh:
            self.fetch = Refresh(
                library,
                opened.portal,
                planned.method,
                planned.params,
                version=planned.version,
                name=request.save_as,
            )
        else:
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

    async def _request_of_the_set(self) -> ListRequest:
        """Return the request of a refresh. Without params it has those that the data set was read with.

        Raises:
            B24Error: `B24MCP_ARGUMENTS` when it asks for something else too.
        """
        from b24_mcp.records import name_for

        request = self.request
        if request.resume or request.limit is not None:
            raise our_error("B24MCP_ARGUMENTS", "refresh reads what changed: it has no limit and no resume.")
        if request.params is not None:
            return request
        name = request.save_as or name_for(request.method, None)
        former = await self._app.data_sets.of(self._opened).find(name)
        if former is None or former.method.lower() != request.method.lower():
            return request
        return replace(request, params=json.loads(former.params))


async def read_list(
    app: App, request: ListRequest, portal: str | None = None, *, on_rows: OnRows, on_wait: OnWait
) -> Reply:
    """Read a list into a data set and return the reply: counts, columns and the first rows.

    A list that takes longer than a call is read on in the server. The reply then says how far it is, and the same call
    follows it.

    Raises:
        B24Error: when the portal cannot be opened.
    """
    opened = await app.portals.get(portal)
    key = run_key("list_records", opened, asdict(request))
    is_followed = app.runs.find(key) is not None
    was_running = not is_followed and not request.resume and await _was_running(opened, key)

    async def work(run: BackgroundRun) -> Reply:
        if was_running:
            reply = await _reply(ListRun(app, opened, replace(request, resume=True)), opened, run)
            if reply.form.get("error", {}).get("code") != "B24MCP_RECORDS_RESUME":
                return reply
        return await _reply(ListRun(app, opened, request), opened, run)

    def running(run: BackgroundRun) -> Reply:
        from b24_mcp.records import name_for  # not needed to start and list the tools

        name = request.save_as or name_for(request.method, request.params)
        form = running_form(run, opened.notice, {"method": request.method, "records": name}, "count", _STOPPED)
        return Reply(form, opened.settings.budget)

    seconds = opened.settings.deadline
    reply = await app.runs.follow(key, work, running, seconds=seconds, on_rows=on_rows, on_wait=on_wait)
    await _remember(opened, key, is_running=reply.form.get("running") is True, was_running=is_followed or was_running)
    return reply


async def _was_running(opened: OpenPortal, key: str) -> bool:
    """Whether a call was answered with `running`, and its server ended before the list was read."""
    if opened.approvals is None:
        return False
    with contextlib.suppress(OSError):
        return await opened.approvals.store.read_note(f"run:{key}", opened.approvals.now()) is not None
    return False


async def _remember(opened: OpenPortal, key: str, *, is_running: bool, was_running: bool) -> None:
    """Note for other processes that a list is being read after its call was answered, or that it is not any more."""
    if opened.approvals is None:
        return
    store, now = opened.approvals.store, opened.approvals.now()
    with contextlib.suppress(OSError):
        if is_running:
            await store.put_note(f"run:{key}", "running", now, seconds=_REMEMBERED_SECONDS)
        elif was_running:
            await store.take_note(f"run:{key}", now)


async def _reply(listing: ListRun, opened: OpenPortal, run: BackgroundRun) -> Reply:
    try:
        form = await listing.read(run.report_rows, run.report_wait)
    except B24Error as exc:
        return Reply(failure_form(exc, opened.notice), opened.settings.budget)
    if form.get("rows") and has_outside_texts(listing.request.method):
        form = with_notice(form, NOTICE)
    return Reply(form, opened.settings.budget)


def _without_validate_hint(error: B24Error) -> B24Error:
    """Return the error with a hint that does not offer validate=false, since `list_records` has no such argument."""
    if error.fault.code != "B24MCP_PARAMS" or "validate=false" not in error.fault.hint:
        return error
    hint = "Nothing was sent. Correct them (describe_method shows every parameter)."
    return B24Error(replace(error.fault, hint=hint), error.method)
