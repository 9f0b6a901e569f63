"""CSV and JSON Lines."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any, BinaryIO

from b24_mcp.records.columns import Kind
from b24_mcp.records.exports.places import is_invisible
from b24_mcp.rest import to_json

_FORMULA = "=+-@"
# At the beginning of a cell, spreadsheets take these for the beginning of a formula, or drop them.
_DROPPED = "\t\r\n"
# What begins like a formula but is a phone number or a negative number.
_HARMLESS = re.compile(r"[+-](?:[\d\s().,-]*|\d+(?:[.,]\d+)?[eE][+-]?\d+)")
_LONGEST_BEGINNING = 1_000


class CsvWriter:
    """CSV as spreadsheets read it: UTF-8 with its mark, so that Excel shows every script, and commas.

    A text that a spreadsheet would run as a formula gets an apostrophe before it; numbers and phone numbers do not.
    """

    notes: tuple[str, ...] = ()

    def __init__(self, file: BinaryIO, columns: Sequence[str], kinds: Sequence[Kind | None]) -> None:
        self._text = io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline="", write_through=True)
        self._csv = csv.writer(self._text)
        self._csv.writerow(map(no_formula, columns))

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows."""
        self._csv.writerows([no_formula(value) for value in row] for row in rows)

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
            self._file.write(to_json(dict(zip(self._columns, values, strict=True))).encode() + b"\n")

    def close(self) -> None:
        """Nothing is left."""


def no_formula(value: Any) -> Any:
    """Return a value as a cell that no spreadsheet runs: a text that may be a formula gets an apostrophe before it."""
    return "'" + value if isinstance(value, str) and value and _may_be_formula(value) else value


def _may_be_formula(text: str) -> bool:
    if text[0] in _DROPPED:
        return True
    if text[0] in _FORMULA:
        return not _HARMLESS.fullmatch(text)
    beginning = text[:_LONGEST_BEGINNING]
    for place, character in enumerate(beginning):
        if not _may_be_dropped(character):
            # Full-width and small forms of the signs count as the signs.
            return unicodedata.normalize("NFKC", character)[0] in _FORMULA and not _HARMLESS.fullmatch(text, place)
    return len(text) > len(beginning)


def _may_be_dropped(character: str) -> bool:
    """Whether a program may pass over a character: white space, controls, and what is drawn as nothing."""
    return character.isspace() or is_invisible(character)


def distinct(columns: Sequence[str]) -> list[str]:
    """Return the names with a number after those that stand twice: an object holds a name once."""
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
