"""Answers with rows, as a person reads them: a table on a terminal."""

from __future__ import annotations

import csv
import io
import shutil
import sys
import unicodedata
from collections.abc import Collection, Mapping, Sequence

from b24_mcp.cli.output import print_form
from b24_mcp.cli.terminal import echo, one_line
from b24_mcp.rest import to_json
from b24_mcp.secrets import Redactor

_WIDEST_CELL = 60
_NARROWEST_CELL = 6
_GAP = "  "
_NULL = ""


def print_answer(form: Mapping[str, object], redactor: Redactor, *, as_json: bool) -> None:
    """Print an answer that has rows: a table on a terminal, JSON in a pipe or with `as_json`."""
    if as_json or not sys.stdout.isatty():
        print_form(form, redactor)
        return
    clean: Mapping[str, object] = redactor.clean(form)
    error, columns, rows = clean.get("error"), clean.get("columns"), clean.get("rows")
    if isinstance(error, dict):
        echo(redactor.redact(one_line(error["message"])), err=True)
        echo(redactor.redact(one_line(error.get("hint", ""))), err=True)
        return
    if not isinstance(columns, list) or not isinstance(rows, list):
        print_form(form, redactor)
        return
    for line in table_lines(columns, rows, shutil.get_terminal_size().columns):
        echo(redactor.redact(line))
    for line in _about(clean):
        echo(redactor.redact(line), err=True)


def print_csv(form: Mapping[str, object], redactor: Redactor) -> None:
    """Print the rows of an answer as CSV, with a header."""
    columns, rows = form.get("columns"), form.get("rows")
    assert isinstance(columns, list)
    assert isinstance(rows, list)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    echo(redactor.redact(text.getvalue()), nl=False)


def table_lines(
    columns: Sequence[object], rows: Sequence[Sequence[object]], width: int, *, right: Collection[int] = ()
) -> list[str]:
    """Return a table for a terminal of `width` columns. Long cells are cut, numbers and the columns `right` are on the
    right.
    """
    cells = [[_shown(value) for value in row] for row in rows]
    titles = [one_line(column) for column in columns]
    are_numbers = [
        place in right or (bool(rows) and all(isinstance(row[place], int | float | None) for row in rows))
        for place in range(len(titles))
    ]
    widths = [
        min(_WIDEST_CELL, max([_width(title), *(_width(row[place]) for row in cells)]))
        for place, title in enumerate(titles)
    ]
    widths = _fitted(widths, width)
    lines = [_line(titles, widths, are_numbers), _GAP.join("-" * one for one in widths)]
    return [*lines, *(_line(row, widths, are_numbers) for row in cells)]


def _about(form: Mapping[str, object]) -> list[str]:
    """Return what an answer says besides its rows."""
    lines = []
    for name in ("records", "file", "sheet", "other_sheets", "encoding", "separator", "count"):
        if name in form and ("records" in form or name == "count"):
            value = form[name]
            lines.append(f"{name.replace('_', ' ')}: {', '.join(value) if isinstance(value, list) else value}")
    if form.get("truncated"):
        lines.append("There are more rows. --limit N prints more; b24-mcp export writes all.")
    notes = form.get("notes")
    lines += [f"note: {note}" for note in notes] if isinstance(notes, list) else []
    problems = form.get("first_problems")
    if isinstance(problems, list):
        lines.append(f"problems: {form.get('problems')}, the first:")
        for one in problems:
            where = f"row {one['row']}" + (f", {one['column']}" if one["column"] else "")
            lines.append(f"  {where}: {one_line(one['value'])!r}: {one['problem']}")
    return lines


def _shown(value: object) -> str:
    if value is None:
        return _NULL
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"{value:.1f}"
    return one_line(value if isinstance(value, str) else to_json(value))


def _line(cells: Sequence[str], widths: Sequence[int], are_numbers: Sequence[bool]) -> str:
    padded = []
    for cell, width, is_number in zip(cells, widths, are_numbers, strict=True):
        cut = _cut(cell, width)
        space = " " * (width - _width(cut))
        padded.append(space + cut if is_number else cut + space)
    return _GAP.join(padded).rstrip()


def _fitted(widths: list[int], most: int) -> list[int]:
    """Narrow the widest columns until the table fits."""
    widths = list(widths)
    while widths and sum(widths) + len(_GAP) * (len(widths) - 1) > most:
        widest = max(range(len(widths)), key=lambda place: widths[place])
        if widths[widest] <= _NARROWEST_CELL:
            break
        widths[widest] -= 1
    return widths


def _cut(text: str, width: int) -> str:
    if _width(text) <= width:
        return text
    kept = ""
    for character in text:
        if _width(kept + character) > width - 1:
            break
        kept += character
    return kept + "…"


def _width(text: str) -> int:
    """Return how many places of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )
