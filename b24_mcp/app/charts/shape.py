"""The shape of a chart: what is drawn of the rows of a query, and the reason for the kind of the chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from b24_mcp.app.charts.columns import Precision
from b24_mcp.app.charts.draft import ChartDraft, ChartKind, NoChartError, drafted, is_percent
from b24_mcp.app.charts.fewer import MOST_PANELS, limit_labels, limit_panels, limit_series, order_times, sort_labels
from b24_mcp.app.charts.numbers import DecimalSign
from b24_mcp.app.charts.statement import ChartStatement, read_statement
from b24_mcp.records.columns import Cell
from b24_mcp.texts import Language, text

_MOST_BARS = 20
_MOST_PARTS = 6
_SMALLEST_PART = 0.03
# Numbers that differ more than this would make the bars of the smaller ones invisible on one axis.
_FARTHEST = 20.0
_PERCENT_OFF = 1.0


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """One value of a chart: its label, the number of its series, and the number."""

    label: str
    series: int
    value: float


@dataclass(frozen=True, slots=True)
class ChartShape:
    """What is drawn. `labels` are in their order, and `series` are the names of the lines, or of the bars of a label.

    `panels`: each series has an axis of its own. `scattered`: times repeat, so they are points without a line.
    `precision` is set where labels are times. `percent` says which series are percentages, and `decimal` is the sign
    before decimals. `rows` are all rows of the result, and `notes` what of them is not in the picture.
    """

    kind: ChartKind
    why: str
    title: str
    subtitle: str
    axis: str
    labels: tuple[str, ...]
    series: tuple[str, ...]
    points: tuple[ChartPoint, ...]
    precision: Precision | None
    panels: bool
    percent: tuple[bool, ...]
    decimal: DecimalSign
    scattered: bool
    rows: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChartWish:
    """What a person requests: the kind of a chart, its title, and the language of the words in it."""

    kind: ChartKind | None = None
    title: str = ""
    language: Language = "en"


def shape_of(
    columns: Sequence[str], rows: Sequence[Sequence[Cell]], sql: str, wish: ChartWish, *, truncated: bool = False
) -> ChartShape:
    """Return what to draw of the rows of a statement. `truncated` means that there are more rows.

    Raises:
        NoChartError: when they cannot be drawn.
    """
    if not rows:
        raise NoChartError("The query returned no rows, so there is nothing to draw.")
    statement = read_statement(sql)
    draft = drafted(columns, rows, wish.language)
    if truncated:
        draft.notes.append(f"only the first {len(rows)} rows are drawn: group them in the query")
    kind, why = _chosen(draft, statement, wish.kind, truncated=truncated)
    limit_series(draft, statement, wish.language)
    if kind != "line" and (draft.label is None or draft.label.role not in ("time", "period") or kind == "pie"):
        sort_labels(draft, statement, kind)
        limit_labels(draft, statement, kind, _MOST_PARTS if kind == "pie" else _MOST_BARS, wish.language)
    else:
        order_times(draft, kind)
    panels = kind != "pie" and not draft.grouped and _differ(draft)
    if panels:
        limit_panels(draft)
    points = tuple(
        ChartPoint(label, number, value)
        for label in draft.labels
        for number in range(len(draft.series))
        for value in draft.values.get((label, number), ())
    )
    if kind == "bar" and any(len(values) > 1 for values in draft.values.values()):
        draft.notes.append("rows with the same names are stacked")
    if not points:
        raise NoChartError("All numbers in the rows are empty, so there is nothing to draw.")
    label = draft.label
    percent = tuple(
        is_percent(draft.numbers[0].name if draft.grouped else name) for number, name in enumerate(draft.series)
    )
    return ChartShape(
        kind=kind,
        why=why,
        title=wish.title.strip() or _title(draft, wish.language),
        subtitle=draft.subtitle,
        axis=label.name if label is not None else "",
        labels=tuple(draft.labels),
        series=tuple(draft.series),
        points=points,
        precision=label.precision if label is not None else None,
        panels=panels,
        percent=percent,
        decimal="," if wish.language == "ru" else ".",
        scattered=kind == "line" and any(len(values) > 1 for values in draft.values.values()),
        rows=len(rows),
        notes=tuple(draft.notes),
    )


def _chosen(
    draft: ChartDraft, statement: ChartStatement, wanted: ChartKind | None, *, truncated: bool
) -> tuple[ChartKind, str]:
    """Return the kind of the chart, and why."""
    label = draft.label
    is_time = label is not None and label.role in ("time", "period")
    against = _against_a_pie(draft)
    if wanted == "pie" and against:
        draft.notes.append(f"a pie cannot show this: {against}")
        return "bar", f"bar instead of pie: {against}"
    if wanted is not None:
        return wanted, f"{wanted} was asked for"
    if label is not None and is_time and len(draft.labels) > 1:
        return "line", f"{label.name} has times"
    if not is_time and not against and _is_whole(draft, statement, truncated=truncated):
        return "pie", f"{len(draft.labels)} parts of one whole"
    return "bar", f"{label.name} has names" if label is not None else "numbers without a name or date"


def _against_a_pie(draft: ChartDraft) -> str:
    if len(draft.series) > 1:
        return "it has more than one number for each part"
    values = [value for one in draft.values.values() for value in one]
    if any(value < 0 for value in values):
        return "some values are negative"
    return "" if sum(values) > 0 else "the sum of the values is 0"


def _is_whole(draft: ChartDraft, statement: ChartStatement, *, truncated: bool) -> bool:
    """Whether the rows are few parts of a whole, each large enough to be seen."""
    values = [sum(one) for one in draft.values.values()]
    if not 2 <= len(values) <= _MOST_PARTS or truncated or statement.is_limited:
        return False
    if min(values) < _SMALLEST_PART * sum(values):
        return False
    column = draft.numbers[0]
    if is_percent(column.name):
        return abs(sum(values) - 100) <= _PERCENT_OFF
    return statement.counts_parts(column.place) and statement.may_add(column.place, column.name)


def _differ(draft: ChartDraft) -> bool:
    """Whether the numbers of the series differ too much for one axis."""
    if len(draft.series) < 2:
        return False
    largest = [0.0] * len(draft.series)
    for (_, number), values in draft.values.items():
        largest[number] = max(largest[number], *map(abs, values))
    sizes = [size for size in largest if size > 0]
    units = {is_percent(name) for name in draft.series}
    return len(units) > 1 or (bool(sizes) and max(sizes) > _FARTHEST * min(sizes))


def _title(draft: ChartDraft, language: Language) -> str:
    names = ", ".join(column.name for column in draft.numbers[:MOST_PANELS])
    if draft.label is None:
        return names
    return text("chart.title", language, values=names, label=draft.label.name)
