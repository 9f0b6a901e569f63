"""Queries over data sets, and exports of their rows to files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from b24_mcp.access import NOTICE, current_caller
from b24_mcp.app.answers.forms import Form, failure_form, with_notice
from b24_mcp.app.answers.reply import Reply
from b24_mcp.app.app import App
from b24_mcp.catalog import has_outside_texts
from b24_mcp.errors import B24Error

if TYPE_CHECKING:
    from b24_mcp.app.charts.draft import ChartKind


async def query_data_sets(
    app: App,
    sql: str,
    *,
    limit: int,
    chart: ChartKind | bool = False,
    shows_images: bool = False,
    portal: str | None = None,
) -> Reply:
    """Run a query over the data sets and own tables of a portal and return the reply with at most `limit` rows.

    With `chart` a picture of the rows is drawn as well, of this kind or of the one that fits. `shows_images`: the
    client of the caller shows the pictures in an answer.

    Raises:
        B24Error: when the portal cannot be opened.
    """
    from b24_mcp.app.answers.record_forms import query_form
    from b24_mcp.app.portal_tables import notes_on_joins, tables_for
    from b24_mcp.records import CHANGES_METHOD, IMPORT_METHOD, ask  # not needed to start and list the tools

    opened = await app.portals.get(portal)
    budget = opened.settings.budget
    library = app.data_sets.of(opened)
    drawn: Form = {}
    picture: bytes | None = None
    try:
        tables = await tables_for(opened, sql, app.redactor)
        caller = current_caller().name
        if chart:
            from b24_mcp.app.charts.query import chart_part, rows_to_draw, shortened

            whole = await rows_to_draw(library, sql, caller, tables)
            wanted = None if chart is True else chart
            part = await chart_part(app, opened, whole, sql, wanted, shows_images=shows_images)
            answer, drawn, picture = shortened(whole, limit, budget), part.form, part.picture
        else:
            answer = await ask(library, sql, rows=limit, characters=budget, caller=caller, tables=tables)
    except B24Error as exc:
        return Reply(failure_form(exc, opened.notice), budget)
    form = query_form(answer, opened.notice)
    notes = notes_on_joins(sql, has_data_sets=bool(answer.read))
    form = {"ok": form.pop("ok"), **drawn, **form} | ({"notes": notes} if notes else {})
    foreign = (IMPORT_METHOD, CHANGES_METHOD)
    if form["rows"] and any(one.method in foreign or has_outside_texts(one.method) for one in answer.read):
        form = with_notice(form, NOTICE)
    return Reply(form, budget, picture=picture)


async def export_data_sets(app: App, sql: str, path: str, *, portal: str | None = None) -> Reply:
    """Write all rows of a query to a new file in the configured folder, and return the reply.

    Raises:
        B24Error: when the portal cannot be opened.
    """
    from b24_mcp.app.answers.record_forms import export_form
    from b24_mcp.app.files.exchange import with_download
    from b24_mcp.app.files.folders import check_may_write, place_for
    from b24_mcp.app.portal_tables import tables_for
    from b24_mcp.records import check_format, export

    opened = await app.portals.get(portal)
    try:
        check_may_write(opened.gate.level)
        place = await run_sync(place_for, opened.settings, path)
        await run_sync(check_format, place.path)
        tables = await tables_for(opened, sql, app.redactor)
        library = app.data_sets.of(opened)
        exported = await export(library, sql, place, caller=current_caller().name, tables=tables)
    except B24Error as exc:
        return Reply(failure_form(exc, opened.notice), opened.settings.budget)
    return Reply(await with_download(export_form(exported, opened.notice), place), opened.settings.budget)
