"""Answers on stdout: tables and lines on a terminal, JSON in a pipe or with `--json`. Errors and notes go to stderr."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping

from b24_mcp.cli.advice import reworded
from b24_mcp.cli.output import print_form
from b24_mcp.cli.tables import record_lines, shown, table_lines
from b24_mcp.cli.terminal import echo, one_line
from b24_mcp.rest import to_json
from b24_mcp.secrets import Redactor

View = Callable[[Mapping[str, object]], Mapping[str, object]]
"""Returns the part of an answer that a person reads at a terminal."""

TEXT = "text"
"""The key of a text with several lines that is printed as it is."""
_NOT_SHOWN = ("ok", "notice", "table", "types", "error", "time", "truncated")
_LONGEST_PLAIN = 40
_NOTES = ("portal", "hint", "notes", "warnings", "more")


def print_answer(form: Mapping[str, object], redactor: Redactor, *, as_json: bool, view: View | None = None) -> None:
    """Print an answer. On a terminal `view` chooses what of it is shown."""
    is_terminal = sys.stdout.isatty()
    error = form.get("error")
    if error is not None:
        _count(form)
    if as_json or not is_terminal:
        print_form(form, redactor)
        if isinstance(error, dict) and not is_terminal:
            _print_error(error, redactor)
        return
    clean: dict[str, object] = json.loads(to_json(redactor.clean(form)))
    if isinstance(error, dict):
        _print_error(error, redactor)
        clean = {key: value for key, value in clean.items() if key not in ("method", "version")}
    seen = clean if view is None or not clean.get("ok") else view(clean)
    for line in _lines(seen, shutil.get_terminal_size().columns):
        echo(redactor.redact(line))
    for line in _about(seen):
        echo(redactor.redact(line), err=True)


def _count(form: Mapping[str, object]) -> None:
    from b24_mcp.app.fault_counts import count_failures  # needed only when a call failed

    count_failures(dict(form))


def _print_error(error: Mapping[str, object], redactor: Redactor) -> None:
    echo(redactor.redact(f"Error: {one_line(error['message'])}"), err=True)
    if hint := one_line(error.get("hint") or ""):
        echo(redactor.redact(hint), err=True)


def _lines(form: Mapping[str, object], width: int) -> Iterator[str]:
    """Return the lines of an answer: tables and texts first, then single values."""
    has_rows = isinstance(form.get("columns"), list) and isinstance(form.get("rows"), list)
    if has_rows:
        yield from _block("rows", {"columns": form["columns"], "rows": form["rows"]}, width)
    values = [(key, value) for key, value in _values(form) if not (has_rows and key in ("columns", "rows"))]
    blocks = [(key, value) for key, value in values if _is_block(value) or key == TEXT]
    for number, (key, value) in enumerate(blocks):
        if has_rows or number:
            yield ""
        if key != TEXT and (has_rows or len(blocks) > 1):
            yield f"{_name(key)}:"
        yield from _block(key, value, width)
    for key, value in values:
        if key != TEXT and not _is_block(value):
            yield f"{_name(key)}: {on_one_line(value)}"


def _is_block(value: object) -> bool:
    """Whether a value has lines of its own. A list of plain values fits on one line."""
    return isinstance(value, dict) or (isinstance(value, list) and (not value or not _is_plain(value)))


def _is_plain(values: list[object]) -> bool:
    return len(values) <= _LONGEST_PLAIN and not any(isinstance(one, dict | list) for one in values)


def on_one_line(value: object) -> str:
    """Return a value on one line, a list of plain values with commas."""
    return ", ".join(map(shown, value)) if isinstance(value, list) and _is_plain(value) else shown(value)


def _values(form: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for key, value in form.items():
        if key not in _NOT_SHOWN and key not in _NOTES and value is not None and value != {}:
            yield key, value


def _block(key: str, value: object, width: int) -> Iterator[str]:
    match value:
        case str() as text if key == TEXT:
            yield text
        case {"columns": list() as columns, "rows": list() as rows}:
            yield from _table(columns, rows, width)
        case dict() as fields:
            longest = max(len(_name(name)) for name in fields)
            for name, one in fields.items():
                yield f"{_name(name):<{longest}}  {on_one_line(one)}".rstrip()
        case []:
            yield "(none)"
        case list() as records if all(isinstance(one, dict) for one in records):
            objects = [dict(one) for one in records]
            names = list(dict.fromkeys(name for one in objects for name in one))
            yield from _table(names, [[one.get(name) for name in names] for one in objects], width)
        case list() as entries:
            yield from (shown(entry) for entry in entries)
        case _:
            yield shown(value)


def _table(columns: list[object], rows: list[list[object]], width: int) -> list[str]:
    """Return a table, or the records one below the other when their columns do not fit side by side."""
    if not rows:
        return ["(no rows)"]
    full = [[*row, *[None] * (len(columns) - len(row))] for row in rows]
    return table_lines(columns, full, width) or record_lines(columns, full)


def _about(form: Mapping[str, object]) -> Iterator[str]:
    """Return what is to be known of an answer besides its values."""
    for key in _NOTES:
        match value := form.get(key):
            case None:
                continue
            case str() | int():
                texts = [reworded(str(value))]
            case dict() as fields:
                texts = [f"{name}: {on_one_line(one)}" for name, one in fields.items()]
            case list() as several:
                texts = [reworded(str(one)) for one in several]
            case _:
                texts = [shown(value)]
        yield from (f"{'portal' if key == 'portal' else 'note'}: {one_line(text)}" for text in texts if text)
    if form.get("truncated"):
        yield "There are more rows. --limit N prints more; b24-mcp export writes all."


def _name(key: object) -> str:
    return one_line(key).replace("_", " ") if str(key).islower() else one_line(key)
