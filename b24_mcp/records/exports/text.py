"""Writers of CSV and JSON Lines."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Sequence
from typing import BinaryIO

from b24_mcp.records.columns import Cell, Kind
from b24_mcp.rest import to_json
from b24_mcp.storage.places import is_invisible

_FORMULA = "=+-@"
# At the beginning of a cell, spreadsheets drop these or read them as the beginning of a formula.
_DROPPED = "\t\r\n"
# Texts that begin like a formula but are phone numbers or negative numbers.
_HARMLESS = re.compile(r"[+-](?:[\d\s().,-]*|\d+(?:[.,]\d+)?[eE][+-]?\d+)")
_LONGEST_BEGINNING = 1_000


class CsvWriter:
    """CSV for spreadsheets: with commas, and UTF-8 with a byte order mark, so that Excel shows every script.

    A text that a spreadsheet would run as a formula is prefixed with an apostrophe; numbers and phone numbers are not.
    """

    notes: tuple[str, ...] = ()

    def __init__(self, file: BinaryIO, columns: Sequence[str], kinds: Sequence[Kind | None]) -> None:
        self._text = io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline="", write_through=True)
        self._csv = csv.writer(self._text)
        self._csv.writerow(map(no_formula, columns))

    def write(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Write rows."""
        self._csv.writerows([no_formula(value) for value in row] for row in rows)

    def close(self) -> None:
        """Write what is buffered; the file stays open."""
        self._text.flush()
        self._text.detach()


class JsonLinesWriter:
    """One JSON object for each row. Lists, objects and booleans of the portal are restored from their stored form."""

    notes: tuple[str, ...] = ()

    def __init__(self, file: BinaryIO, columns: Sequence[str], kinds: Sequence[Kind | None]) -> None:
        self._file = file
        self._columns = distinct(columns)
        self._kinds = kinds

    def write(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Write rows."""
        for row in rows:
            values = map(_restored, row, self._kinds)
            self._file.write(to_json(dict(zip(self._columns, values, strict=True))).encode() + b"\n")

    def close(self) -> None:
        """Do nothing: nothing is buffered."""


def no_formula(value: Cell) -> Cell:
    """Return a value that no spreadsheet runs: a text that may be a formula is prefixed with an apostrophe."""
    return "'" + value if isinstance(value, str) and value and _may_be_formula(value) else value


def _may_be_formula(text: str) -> bool:
    if text[0] in _DROPPED:
        return True
    if text[0] in _FORMULA:
        return not _HARMLESS.fullmatch(text)
    beginning = text[:_LONGEST_BEGINNING]
    for place, character in enumerate(beginning):
        if not _may_be_dropped(character):
            # Full-width and small forms of these characters count as well.
            return unicodedata.normalize("NFKC", character)[0] in _FORMULA and not _HARMLESS.fullmatch(text, place)
    return len(text) > len(beginning)


def _may_be_dropped(character: str) -> bool:
    """Whether a program may ignore a character: white space, controls, and invisible characters."""
    return character.isspace() or is_invisible(character)


def distinct(columns: Sequence[str]) -> list[str]:
    """Return unique names: a repeated name is followed by a number."""
    names: list[str] = []
    for column in columns:
        name, number = column, 2
        while name in names:
            name, number = f"{column}_{number}", number + 1
        names.append(name)
    return names


def _restored(value: Cell, kind: Kind | None) -> object:
    if kind == "boolean" and value in (0, 1):
        return bool(value)
    if kind == "json" and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
