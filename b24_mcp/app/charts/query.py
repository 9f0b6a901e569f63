"""The rows of a query and a chart of them, for tools and commands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from anyio.to_thread import run_sync

from b24_mcp.app.answers.forms import Form
from b24_mcp.app.answers.record_forms import chart_form
from b24_mcp.app.app import App
from b24_mcp.app.charts.draft import ChartKind, NoChartError
from b24_mcp.app.charts.drawing import PictureFormat, can_draw, draw
from b24_mcp.app.charts.shape import ChartShape, ChartWish, shape_of
from b24_mcp.app.files.exchange import with_download
from b24_mcp.app.files.folders import check_may_write, place_for
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.errors import B24Error
from b24_mcp.records import DataSetLibrary, PortalTable, QueryAnswer, ask
from b24_mcp.secrets import Redactor, each_text, without_hidden
from b24_mcp.storage.new_file import draft_file
from b24_mcp.storage.places import FilePlace
from b24_mcp.texts import language_for

_MOST_ROWS = 5_000
_MOST_CHARACTERS = 4 << 20
_LONGEST_NAME = 60
_CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
NO_EXTRA = "The extra charts is not installed"


@dataclass(frozen=True, slots=True)
class ChartPart:
    """What an answer says about a chart, and its picture."""

    form: Form
    picture: bytes | None = None


async def rows_to_draw(
    library: DataSetLibrary, sql: str, caller: str = "", tables: Sequence[PortalTable] = ()
) -> QueryAnswer:
    """Run a query and return as many rows as a chart may need.

    Raises:
        B24Error: as `ask`.
    """
    return await ask(library, sql, rows=_MOST_ROWS, characters=_MOST_CHARACTERS, caller=caller, tables=tables)


def shortened(answer: QueryAnswer, rows: int, characters: int) -> QueryAnswer:
    """Return an answer with at most `rows` rows, and about `characters` characters of JSON."""
    kept, left = 0, characters
    for row in answer.rows[:rows]:
        left -= sum(len(str(value)) for value in row)
        kept += 1
        if left < 0:
            break
    return replace(answer, rows=answer.rows[:kept], truncated=answer.truncated or kept < len(answer.rows))


async def chart_part(
    app: App, opened: OpenPortal, answer: QueryAnswer, sql: str, kind: ChartKind | None, *, shows_images: bool
) -> ChartPart:
    """Return the chart of an answer for a model: a picture in the files of the caller, or the reason for no picture.

    At the access level `read` no file is written: the picture is only in the answer, for a client that shows it.
    """
    if not await run_sync(can_draw):  # it looks at the disk
        return _no_chart(f"{NO_EXTRA}. The user can install it: pip install 'b24-mcp[charts]'.")
    try:
        shape = await shape_for(app.redactor, opened, answer, sql, ChartWish(kind))
        picture = await draw_picture(app, shape, "png")
    except NoChartError as exc:
        return _no_chart(str(exc))
    try:
        form = await _saved(opened, shape, picture)
    except B24Error as exc:
        if not shows_images:
            return _no_chart(exc.fault.message)
        form = {"file": None, "no_file": exc.fault.message, **chart_form(shape, None)}
    return ChartPart({"chart": form}, picture if shows_images else None)


async def shape_for(
    redactor: Redactor, opened: OpenPortal, answer: QueryAnswer, sql: str, wish: ChartWish
) -> ChartShape:
    """Return what to draw of an answer, without secrets and invisible characters.

    Its words are Russian where the portal, this computer or a name of a column is.

    Raises:
        NoChartError: when nothing can be drawn.
    """
    is_russian = any(map(_CYRILLIC.search, answer.columns))
    wish = replace(wish, language="ru" if is_russian else language_for(opened.portal.host))

    def shape() -> ChartShape:
        table: Form = {"columns": list(answer.columns), "rows": list(answer.rows)}
        clean = each_text(redactor.clean(table), lambda text: without_hidden(text)[0])
        named = replace(wish, title=without_hidden(redactor.redact(wish.title))[0])
        return shape_of(clean["columns"], clean["rows"], sql, named, truncated=answer.truncated)

    return await run_sync(shape)


async def draw_picture(app: App, shape: ChartShape, picture: PictureFormat) -> bytes:
    """Return the picture of a chart. Few are drawn at the same time.

    Raises:
        NoChartError: when it cannot be drawn.
    """
    async with app.long_answers:
        return await draw(shape, picture)


def picture_name(shape: ChartShape, picture: PictureFormat) -> str:
    """Return the name of the file of a chart: its title, with letters, digits and plain signs only."""
    kept = "".join(one if one.isalnum() or one in "-_" else " " for one in shape.title)
    return f"{' '.join(kept.split())[:_LONGEST_NAME].strip() or 'chart'}.{picture}"


def save_picture(place: FilePlace, data: bytes) -> FilePlace:
    """Write a picture to a file, under another name when this one is in use, and return its place.

    Raises:
        B24Error: as `draft_file`.
    """
    with draft_file(place) as draft:
        draft.file.write(data)
        return draft.publish_as_free(place.name)


async def _saved(opened: OpenPortal, shape: ChartShape, picture: bytes) -> Form:
    check_may_write(opened.gate.level)
    place = await run_sync(place_for, opened.settings, picture_name(shape, "png"))
    written = await run_sync(save_picture, place, picture)
    return await with_download(chart_form(shape, str(written.path)), written)


def _no_chart(why: str) -> ChartPart:
    return ChartPart({"chart": None, "no_chart": why})
