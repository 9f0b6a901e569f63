"""CSV and JSON Lines."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from typing import Any, BinaryIO

from b24_mcp.records.columns import Kind

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# Of what begins like a formula, this is none: a phone number, a negative number.
_HARMLESS = re.compile(r"[+-][\d\s().,-]*")


class CsvWriter:
    """CSV as spreadsheets read it: UTF-8 with its mark, so that Excel shows every script, and commas.

    A text that a spreadsheet would run as a formula gets an apostrophe before it; numbers and phone numbers do not.
    """

    notes: tuple[str, ...] = ()

    def __init__(self, file: BinaryIO, columns: Sequence[str], kinds: Sequence[Kind | None]) -> None:
        self._text = io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline="", write_through=True)
        self._csv = csv.writer(self._text)
        self._csv.writerow(map(_no_formula, columns))

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows."""
        self._csv.writerows([_no_formula(value) for value in row] for row in rows)

    def close(self) -> None:
        """Write what is left; the file stays open."""
        self._text.flush()
        self._text.detach()


class JsonLinesWriter:
    """One object for each row. Lists and objects of the portal are such again, not texts; so are truths."""

    notes: tuple[str, ...] = ()

    def __init__(self, file: BinaryIO, columns: Sequence[str], kinds: Sequence[Kind | None]) -> None:
        self._file = file
        self._columns = distinct(columns)
        self._kinds = kinds

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows."""
        for row in rows:
            values = map(_as_it_was, row, self._kinds)
            line = json.dumps(dict(zip(self._columns, values, strict=True)), ensure_ascii=False, separators=(",", ":"))
            self._file.write(line.encode("utf-8", "replace") + b"\n")

    def close(self) -> None:
        """Nothing is left."""


def _no_formula(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA) and not _HARMLESS.fullmatch(value):
        return "'" + value
    return value


def distinct(columns: Sequence[str]) -> list[str]:
    """A query may give a name twice, an object may not."""
    names: list[str] = []
    for column in columns:
        name, number = column, 2
        while name in names:
            name, number = f"{column}_{number}", number + 1
        names.append(name)
    return names


def _as_it_was(value: Any, kind: Kind | None) -> Any:
    if kind == "boolean" and value in (0, 1):
        return bool(value)
    if kind == "json" and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
