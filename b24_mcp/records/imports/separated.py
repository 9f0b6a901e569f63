"""CSV and its relatives: texts between separators, in whatever encoding the file is."""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from b24_mcp.errors import B24Error, our_error
from b24_mcp.records.exports.text import no_formula
from b24_mcp.records.imports.encodings import detect_encoding
from b24_mcp.records.imports.header import HEADER_AMONG, TableHeader, column_name, find_header
from b24_mcp.records.imports.problems import ImportProblems
from b24_mcp.records.imports.source import LONGEST_LINE, MOST_COLUMNS, SourceRow, TextRules

_SEPARATORS = (";", ",", "\t", "|")
_NAMES = {"\t": "tab"}
_SAMPLE = 1 << 16
_SAMPLE_ROWS = 50
_LONGEST_CELL = 1 << 20
_DECLARED = "sep="
_BROKEN = "\ufffd"

_Numbered = tuple[int, list[str]]


class SeparatedSource:
    """The rows of a file of separated texts. An empty cell is no value."""

    texts: TextRules = "all"

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._encoding = detect_encoding(file)
        sample = self._sample()
        self._skip = 0
        first = sample.partition("\n")[0].strip().strip('"')
        if first.lower().startswith(_DECLARED) and len(first) == len(_DECLARED) + 1:  # a line that Excel understands
            self._separator, self._skip = first[-1], 1
        else:
            self._separator = _separator_of(sample)
        self.facts: dict[str, object] = {
            "encoding": self._encoding.name,
            "separator": _NAMES.get(self._separator, self._separator),
        }
        self.notes: list[str] = []

    def rows(self, problems: ImportProblems) -> Iterator[SourceRow]:
        """Read all rows."""
        csv.field_size_limit(_LONGEST_CELL)
        numbered = self._numbered(problems)
        first = list(itertools.islice(numbered, HEADER_AMONG))
        header = find_header(first)
        self.notes = list(header.notes)
        for number, cells in itertools.chain(first[header.data_from :], numbered):
            if cells:
                yield number, _by_name(number, cells, header, problems)

    def _numbered(self, problems: ImportProblems) -> Iterator[_Numbered]:
        """Yield the rows with their numbers. A row that has only empty cells is passed over."""
        self._file.seek(0)
        text = io.TextIOWrapper(self._file, self._encoding.codec, errors="replace", newline="")
        number = 0
        try:
            reader = csv.reader(_lines(text), delimiter=self._separator)
            for number, cells in enumerate(reader, start=1):
                if number <= self._skip:
                    continue
                if self._encoding.broken:
                    _report_broken(number, cells, problems)
                yield number, cells if any(cells) else []
        except csv.Error as exc:
            raise _unreadable(number + 1, str(exc)) from None
        except UnicodeError:
            raise our_error("B24MCP_IMPORT", f"The file is not valid {self._encoding.name}.") from None
        finally:
            text.detach()

    def _sample(self) -> str:
        self._file.seek(0)
        raw = self._file.read(_SAMPLE)
        self._file.seek(0)
        text = raw.decode(self._encoding.codec, "replace")
        lines = text.splitlines(keepends=True)
        return text if len(lines) < 2 or len(raw) < _SAMPLE else "".join(lines[:-1])


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Yield the lines of a file, without NUL characters, each of a bounded length."""
    for number in itertools.count(1):
        try:
            line = text.readline(LONGEST_LINE)
        except UnicodeError:
            raise our_error("B24MCP_IMPORT", f"Line {number} is not in the encoding of the rest of the file.") from None
        if not line:
            return
        if len(line) >= LONGEST_LINE and not line.endswith(("\n", "\r")):
            raise our_error("B24MCP_IMPORT", f"Line {number} is longer than {LONGEST_LINE >> 20} million characters.")
        yield line.replace("\0", "") if "\0" in line else line


def _by_name(number: int, cells: list[str], header: TableHeader, problems: ImportProblems) -> dict[str, object]:
    names = header.names
    row: dict[str, object] = {}
    for name, cell in zip(names, cells, strict=False):
        row[name] = _value(cell)
    if len(cells) > len(names):
        if len(cells) > MOST_COLUMNS and any(cells[MOST_COLUMNS:]):
            raise our_error("B24MCP_IMPORT", f"Row {number} has more than {MOST_COLUMNS} cells.")
        extra = {column_name(place): _value(cells[place]) for place in range(len(names), len(cells)) if cells[place]}
        if extra:
            said = f"the row has {len(cells)} cells, the header {len(names)}"
            problems.add(number, "", next(iter(extra.values())), said)
            row |= {name: value for name, value in extra.items() if name not in row}
    elif len(cells) < len(names):
        row |= dict.fromkeys(names[len(cells) :])
    return row


def _value(cell: str) -> str | None:
    if not cell:
        return None
    # An apostrophe that the export put before a text which a spreadsheet would run.
    if cell[0] == "'" and len(cell) > 1 and no_formula(cell[1:]) == cell:
        return cell[1:]
    return cell


def _separator_of(sample: str) -> str:
    """Return the separator by which the rows of a sample have the same number of cells, and more than one."""
    return max(_SEPARATORS, key=lambda separator: _evenness(sample, separator))


def _evenness(sample: str, separator: str) -> tuple[float, int]:
    rows: list[Sequence[str]] = []
    try:
        reader = csv.reader(io.StringIO(sample.replace("\0", ""), newline=""), delimiter=separator)
        rows += [row for row in itertools.islice(reader, _SAMPLE_ROWS) if row]
    except csv.Error:
        return 0.0, 0
    counts = Counter(map(len, rows))
    if not counts:
        return 0.0, 0
    cells, times = max(counts.items(), key=lambda one: (one[1], one[0]))
    if cells == 1:  # most rows are not divided by it
        return 0.0, 1
    return times / len(rows), cells


def _report_broken(number: int, cells: list[str], problems: ImportProblems) -> None:
    for place, cell in enumerate(cells):
        if _BROKEN in cell:
            problems.add(number, column_name(place), cell, "characters that are broken in the file became \ufffd")


def _unreadable(number: int, said: str) -> B24Error:
    if "field larger" in said:
        said = f"one of its cells is longer than {_LONGEST_CELL} characters; perhaps a quotation mark is not closed"
    return our_error("B24MCP_IMPORT", f"Row {number} cannot be read: {said}.")
