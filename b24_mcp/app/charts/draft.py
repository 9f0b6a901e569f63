"""The rows of a query as the points of a chart: a label, a series and a number for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from b24_mcp.app.charts.columns import ChartColumn, read_column
from b24_mcp.records.columns import Cell
from b24_mcp.texts import Language, text

ChartKind = Literal["bar", "line", "pie"]
CHART_KINDS: tuple[ChartKind, ...] = get_args(ChartKind)


class NoChartError(Exception):
    """The rows cannot be drawn. The message says why, in a sentence."""


@dataclass(slots=True)
class ChartDraft:
    """The points of a chart before it is decided which of them are drawn.

    `label` names the points, and `numbers` are the columns of their values. `values` are those of each label and number
    of a series. `grouped`: a column divides the rows into series.
    """

    label: ChartColumn | None
    labels: list[str]
    series: list[str]
    values: dict[tuple[str, int], list[float]]
    numbers: list[ChartColumn]
    notes: list[str]
    grouped: bool = False
    subtitle: str = ""


def drafted(columns: Sequence[str], rows: Sequence[Sequence[Cell]], language: Language) -> ChartDraft:
    """Return the points of the rows.

    Raises:
        NoChartError: when no column has numbers.
    """
    read = [read_column(place, name, [row[place] for row in rows]) for place, name in enumerate(columns)]
    found = [column for column in read if column is not None]
    label, group = _label_and_group(found, len(rows))
    numbers = [column for column in found if column.role == "number" and column is not label]
    if not numbers:
        raise NoChartError(
            f"No column of {', '.join(columns)} has numbers to draw. Count or add up, such as SELECT STAGE_ID, "
            "count(*) … GROUP BY 1."
        )
    notes = []
    left_out = [one.name for one in found if one not in (label, group, *numbers) and one.role != "id"]
    if group is not None and len(numbers) > 1:
        left_out += [one.name for one in numbers[1:]]
        numbers = numbers[:1]
    if left_out:
        notes.append(f"not drawn: {', '.join(left_out)}")
    if label is None and len(rows) == 1:
        return _of_one_row(numbers, notes)
    labels = _labels(label, len(rows), text("chart.empty", language), is_unique=group is None)
    if group is None:
        series = [column.name for column in numbers]
        places = [range(len(series))] * len(rows)
        cells = [[column.values[row] for column in numbers] for row in range(len(rows))]
    else:
        groups = [value or text("chart.empty", language) for value in map(_as_text, group.values)]
        series = list(dict.fromkeys(groups))
        places = [range(series.index(one), series.index(one) + 1) for one in groups]
        cells = [[numbers[0].values[row]] for row in range(len(rows))]
    values: dict[tuple[str, int], list[float]] = {}
    missing = 0
    for name, numbered, given in zip(labels, places, cells, strict=True):
        for number, value in zip(numbered, given, strict=True):
            if isinstance(value, int | float):
                values.setdefault((name, number), []).append(value)
            else:
                missing += 1
    if missing:
        notes.append(f"{missing} empty values are not drawn")
    return ChartDraft(label, list(dict.fromkeys(labels)), series, values, numbers, notes, group is not None)


def _of_one_row(numbers: Sequence[ChartColumn], notes: list[str]) -> ChartDraft:
    """Return the draft of one row of numbers: each is a bar with the name of its column."""
    given = [(place, column.values[0]) for place, column in enumerate(numbers)]
    values = {("", place): [float(value)] for place, value in given if value is not None}
    return ChartDraft(None, [""], [column.name for column in numbers], values, list(numbers), notes)


def _label_and_group(columns: Sequence[ChartColumn], rows: int) -> tuple[ChartColumn | None, ChartColumn | None]:
    """Return the column that names the points, and the one that divides them into series."""
    texts = [column for column in columns if column.role == "text"]
    times = [column for column in columns if column.role in ("time", "period")]
    ids = [column for column in columns if column.role == "id"]
    names_rows = [column for column in texts if column.distinct == rows]
    if times:
        # A list of records has a name for each row: it is no list of times.
        if rows > 1 and names_rows and texts[0].place < times[0].place and times[0].distinct > 1:
            return names_rows[0], None
        group = next((one for one in (*texts, *ids) if one.distinct < rows), None)
        return times[0], group if times[0].distinct < rows else None
    named = texts or ids
    if not named:
        numbers = [column for column in columns if column.role == "number"]
        first = numbers[0] if len(numbers) > 1 and rows > 1 and numbers[0].distinct == rows else None
        return first, None
    label = next((one for one in named if one.distinct == rows), named[0])
    group = next((one for one in named if one is not label and one.distinct < rows), None)
    return label, group if label.distinct < rows else None


def _labels(label: ChartColumn | None, rows: int, empty: str, *, is_unique: bool) -> list[str]:
    """Return the label of each row. Without a group the same text twice is two bars, unless it is a time."""
    if label is None:
        return [str(row + 1) for row in range(rows)]
    found = [_as_text(value) or empty for value in label.values]
    if not is_unique or label.role in ("time", "period"):
        return found
    seen: Counter[str] = Counter()
    labels = []
    for one in found:
        seen[one] += 1
        labels.append(one if seen[one] == 1 else f"{one} ({seen[one]})")
    return labels


def _as_text(value: Cell) -> str:
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def is_percent(name: str) -> bool:
    """Whether the name of a column says that its numbers are percentages."""
    lowered = name.lower()
    return "%" in lowered or any(word in lowered for word in ("percent", "процент", "pct"))
