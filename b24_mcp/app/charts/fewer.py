"""Reduction of points: those for which a picture has no room are added up or left out, and the notes say so."""

from __future__ import annotations

from collections.abc import Iterable

from b24_mcp.app.charts.columns import moment_of
from b24_mcp.app.charts.draft import ChartDraft, ChartKind
from b24_mcp.app.charts.statement import ChartStatement
from b24_mcp.texts import Language, text

_MOST_TIMES = 60
_MOST_POINTS = 3_000
_MOST_SERIES = 8
_CROWDED = 3
_DWARFING = 12.0
_MOST_OF_CROWDED = 12
MOST_PANELS = 4
"""The largest number of axes in one chart."""


def sort_labels(draft: ChartDraft, statement: ChartStatement, kind: ChartKind) -> None:
    """Sort the labels by size, the largest first, unless the statement orders them."""
    is_name = draft.label is not None and draft.label.role in ("text", "id")
    if kind == "pie" or (is_name and not statement.is_ordered):
        draft.labels.sort(key=lambda label: -_size(draft, label))


def limit_labels(draft: ChartDraft, statement: ChartStatement, kind: ChartKind, most: int, language: Language) -> None:
    """Keep the largest labels, in their order, and add up the others where a sum is meaningful."""
    if len(draft.series) > _CROWDED:
        most = min(most, _MOST_OF_CROWDED)
    if len(draft.labels) <= most:
        return
    largest = set(sorted(draft.labels, key=lambda label: -_size(draft, label))[: most - 1])
    others = [label for label in draft.labels if label not in largest]
    whole = len(draft.labels)
    draft.labels = [label for label in draft.labels if label in largest]
    shown = len(draft.labels)
    draft.subtitle = text("chart.largest", language, shown=shown, all=whole)
    said = f"the {shown} largest of {whole} are drawn, the other {len(others)}"
    if not _may_add(draft, statement):
        draft.notes.append(f"{said} are left out")
        return
    sums = {
        number: sum(value for label in others for value in draft.values.get((label, number), ()))
        for number in range(len(draft.series))
    }
    if kind == "bar" and sum(map(abs, sums.values())) > _DWARFING * max(_size(draft, one) for one in draft.labels):
        added = ", ".join(f"{sums[number]:.15g}" for number in sums)
        draft.notes.append(f"{said} add up to {added} and are not drawn, because their bar would make all others small")
        return
    name = _free(text("chart.others", language, count=len(others)), draft.labels)
    draft.values |= {(name, number): [value] for number, value in sums.items()}
    draft.labels.append(name)
    draft.notes.append(f"{said} are added up as {name!r}")


def limit_series(draft: ChartDraft, statement: ChartStatement, language: Language) -> None:
    """Keep the largest groups, and add up the others where a sum is meaningful."""
    if len(draft.series) <= _MOST_SERIES:
        return
    sizes = [0.0] * len(draft.series)
    for (_, number), given in draft.values.items():
        sizes[number] += sum(map(abs, given))
    kept = sorted(sorted(range(len(sizes)), key=lambda number: -sizes[number])[: _MOST_SERIES - 1])
    others = [number for number in range(len(draft.series)) if number not in kept]
    names = [draft.series[number] for number in kept]
    values = {(label, kept.index(number)): one for (label, number), one in draft.values.items() if number in kept}
    said = f"the {len(kept)} largest of {len(draft.series)} series are drawn"
    if draft.grouped and _may_add(draft, statement):
        names.append(_free(text("chart.others", language, count=len(others)), names))
        for label in draft.labels:
            rest = [value for number in others for value in draft.values.get((label, number), ())]
            if rest:
                values[label, len(kept)] = [sum(rest)]
        said += f", the other {len(others)} are added up"
    draft.series, draft.values = names, values
    draft.notes.append(said)


def order_times(draft: ChartDraft, kind: ChartKind) -> None:
    """Sort the labels by time, and keep as many as a picture can show."""
    label = draft.label
    if label is not None and label.role == "period":
        draft.labels.sort()
    elif label is not None and label.role == "time":
        known = [one for one in draft.labels if moment_of(one) is not None]
        if len(known) < len(draft.labels):
            draft.notes.append("rows without a time are not drawn")
        draft.labels = sorted(known, key=_moment)
    most = _MOST_TIMES if kind == "bar" else _MOST_POINTS
    if len(draft.labels) > most:
        draft.notes.append(f"the last {most} of {len(draft.labels)} are drawn")
        draft.labels = draft.labels[-most:]


def limit_panels(draft: ChartDraft) -> None:
    """Keep as many numbers as there is room for axes."""
    if len(draft.series) > MOST_PANELS:
        draft.notes.append(f"not drawn: {', '.join(draft.series[MOST_PANELS:])}")
        draft.series = draft.series[:MOST_PANELS]


def _may_add(draft: ChartDraft, statement: ChartStatement) -> bool:
    return all(statement.may_add(column.place, column.name) for column in draft.numbers)


def _moment(label: str) -> float:
    found = moment_of(label)
    assert found is not None
    return found[0].timestamp()


def _size(draft: ChartDraft, label: str) -> float:
    return sum(abs(value) for number in range(len(draft.series)) for value in draft.values.get((label, number), ()))


def _free(name: str, used: Iterable[str]) -> str:
    taken = set(used)
    return name if name not in taken else f"{name} …"
