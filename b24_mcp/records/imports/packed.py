"""Workbooks and Parquet files, which are read by `reader_process`."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal

from b24_mcp.errors import B24Error, our_error
from b24_mcp.records.exports.text import distinct
from b24_mcp.records.imports.header import HEADER_AMONG, column_name, find_header
from b24_mcp.records.imports.problems import ImportProblems
from b24_mcp.records.imports.source import MOST_COLUMNS, SourceRow, TextRules

_PROGRAM = Path(__file__).with_name("reader_process.py")
_SECONDS = 900.0
# Other environment variables are not passed, because they hold secrets.
_ENVIRONMENT = ("SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
_EXACT = 2**53

PackedKind = Literal["workbook", "parquet"]
_LIBRARIES: dict[PackedKind, tuple[str, str]] = {
    "workbook": ("python_calamine", "xlsx"),
    "parquet": ("pyarrow", "parquet"),
}


class _PackedFile:
    """A file that a process of its own reads."""

    def __init__(self, file: BinaryIO, kind: PackedKind, sheet: str | None = None) -> None:
        library, extra = _LIBRARIES[kind]
        if importlib.util.find_spec(library) is None:
            raise our_error(
                "B24MCP_IMPORT",
                "This format needs an extra that is not installed.",
                hint=f"Nothing was read. The user can install b24-mcp[{extra}], or save the file as CSV.",
            )
        self._file = file
        self._arguments = [kind] if sheet is None else [kind, sheet]

    def parts(self) -> Iterator[dict[str, Any]]:
        """Read the file from its beginning and yield the parts of the answer: facts, then rows.

        Raises:
            B24Error: `B24MCP_IMPORT` if it cannot be read.
        """
        os.lseek(self._file.fileno(), 0, os.SEEK_SET)  # the process shares the position of the descriptor
        process = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-I", str(_PROGRAM), *self._arguments],
            stdin=self._file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        )
        timer = threading.Timer(_SECONDS, process.kill)
        timer.start()
        try:
            assert process.stdout is not None
            yield from self._answered(process.stdout)
            raise _refuse("reading it took too long" if not timer.is_alive() else "it needs more memory than allowed")
        except _EndError:
            return
        finally:
            timer.cancel()
            process.kill()
            process.communicate()

    @staticmethod
    def _answered(stdout: IO[bytes]) -> Iterator[dict[str, Any]]:
        for line in stdout:
            try:
                part = json.loads(line)
            except ValueError:
                return  # the process was ended in the middle of a line
            if "error" in part:
                raise _refuse(part["error"])
            if "end" in part:
                raise _EndError
            yield part


class _EndError(Exception):
    pass


class WorkbookSource:
    """The rows of one sheet of a workbook. An empty cell is no value."""

    texts: TextRules = "sheet"

    def __init__(self, file: BinaryIO, sheet: str | None) -> None:
        self._packed = _PackedFile(file, "workbook", sheet)
        self.facts: dict[str, object] = {}
        self.notes: list[str] = []

    def rows(self, problems: ImportProblems) -> Iterator[SourceRow]:
        """Read all rows."""
        parts = self._packed.parts()
        facts = next(parts)
        self.facts = {"sheet": facts["sheet"]}
        if facts["others"]:
            self.facts["other_sheets"] = facts["others"]
        numbered = enumerate((row for part in parts for row in part["rows"]), start=1)
        first = list(itertools.islice(_filled(numbered), HEADER_AMONG))
        header = find_header(first)
        self.notes = list(header.notes)
        for number, cells in itertools.chain(first[header.data_from :], _filled(numbered)):
            yield number, {name: _sheet_value(cell) for name, cell in zip(header.names, cells, strict=False)}


class ParquetSource:
    """The rows of a Parquet file."""

    texts: TextRules = "none"

    def __init__(self, file: BinaryIO) -> None:
        self._packed = _PackedFile(file, "parquet")
        self.facts: dict[str, object] = {}
        self.notes: list[str] = []

    def rows(self, problems: ImportProblems) -> Iterator[SourceRow]:
        """Read all rows."""
        parts = self._packed.parts()
        facts = next(parts)
        if len(facts["names"]) > MOST_COLUMNS:
            raise our_error("B24MCP_IMPORT", f"The file has more than {MOST_COLUMNS} columns. Keep fewer.")
        names = distinct([name or column_name(place) for place, name in enumerate(facts["names"])])
        number = 0
        for part in parts:
            for row in part["rows"]:
                number += 1
                yield number, dict(zip(names, row, strict=True))


def _filled(rows: Iterator[tuple[int, list[object]]]) -> Iterator[tuple[int, list[object]]]:
    """Leave out the rows without values."""
    return ((number, cells) for number, cells in rows if any(cell not in ("", None) for cell in cells))


def _sheet_value(cell: object) -> object:
    """Return the value of a cell. A workbook has one type of numbers, so a whole number is read as an integer."""
    if cell == "":
        return None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _EXACT:
        return int(cell)
    return cell


def _refuse(why: str) -> B24Error:
    return our_error("B24MCP_IMPORT", f"The file cannot be read: {why}.")
