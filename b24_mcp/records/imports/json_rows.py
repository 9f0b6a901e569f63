"""JSON Lines, and one JSON array: an object for each row."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from b24_mcp.errors import B24Error, our_error
from b24_mcp.records.imports.encodings import detect_encoding
from b24_mcp.records.imports.problems import ImportProblems
from b24_mcp.records.imports.source import LONGEST_LINE, SourceRow, TextRules

_CHUNK = 1 << 16
_VALUE = "value"
_SPACE = " \t\r\n"
# After so many lines of which none is JSON, the file is another one.
_TRIED = 5


class JsonSource:
    """The rows of JSON Lines or of an array. A value that is no object is the column `value`."""

    texts: TextRules = "none"

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._encoding = detect_encoding(file)
        self._is_array = self._begins_an_array()
        self.facts: dict[str, object] = {"encoding": self._encoding.name}
        self.notes: list[str] = []

    def rows(self, problems: ImportProblems) -> Iterator[SourceRow]:
        """Read all rows."""
        self._file.seek(0)
        text = io.TextIOWrapper(self._file, self._encoding.codec, errors="replace")
        try:
            for number, value in _elements(text) if self._is_array else _lines(text, problems):
                yield number, value if isinstance(value, Mapping) else {_VALUE: value}
        finally:
            text.detach()

    def _begins_an_array(self) -> bool:
        text = io.TextIOWrapper(self._file, self._encoding.codec, errors="replace")
        try:
            beginning = text.read(_CHUNK).lstrip()
        finally:
            text.detach()
            self._file.seek(0)
        if not beginning.startswith("["):
            return False
        line = beginning.partition("\n")[0]
        try:
            json.loads(line)
        except (ValueError, RecursionError):
            return True
        # A complete array in the first line: the whole file, or the first of many rows that are lists.
        return not beginning.partition("\n")[2].strip()


def _lines(text: io.TextIOWrapper, problems: ImportProblems) -> Iterator[tuple[int, object]]:
    number = read = 0
    while line := text.readline(LONGEST_LINE):
        number += 1
        if len(line) >= LONGEST_LINE and not line.endswith("\n"):
            raise our_error("B24MCP_IMPORT", f"Line {number} is longer than {LONGEST_LINE >> 20} million characters.")
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except RecursionError:
            problems.add(number, "", line.strip(), "it is nested too deeply, so the line was left out")
            continue
        except ValueError as exc:
            if not read and number >= _TRIED:
                raise _no_json(number, exc) from None
            problems.add(number, "", line.strip(), "it is not JSON, so the line was left out")
            continue
        read += 1
        yield number, value
    if number and not read:
        raise our_error("B24MCP_IMPORT", "No line of the file is JSON.")
    if not number:
        raise our_error("B24MCP_IMPORT", "The file holds no rows.")


def _elements(text: io.TextIOWrapper) -> Iterator[tuple[int, object]]:
    """Yield the elements of an array, one at a time, so that the whole is never in memory."""
    decoder = json.JSONDecoder()
    reader = _Buffer(text)
    reader.skip("[")
    number = 0
    while reader.next_character() != "]":
        if number:
            reader.skip(",")
        number += 1
        yield number, reader.element(decoder, number)
    if not number:
        raise our_error("B24MCP_IMPORT", "The file holds no rows.")


class _Buffer:
    """The part of a text that was read and not used."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._held = ""
        self._at = 0

    def next_character(self) -> str:
        while True:
            while self._at < len(self._held) and self._held[self._at] in _SPACE + "\ufeff":
                self._at += 1
            if self._at < len(self._held):
                return self._held[self._at]
            if not self._more():
                raise our_error("B24MCP_IMPORT", "The file ends in the middle of its JSON.")

    def skip(self, mark: str) -> None:
        found = self.next_character()
        if found != mark:
            raise our_error("B24MCP_IMPORT", f"The file is not a JSON array: {found!r} where {mark!r} belongs.")
        self._at += 1

    def element(self, decoder: json.JSONDecoder, number: int) -> object:
        self.next_character()
        while True:
            try:
                value, end = decoder.raw_decode(self._held, self._at)
            except RecursionError:
                raise our_error("B24MCP_IMPORT", f"Row {number} is nested too deeply.") from None
            except ValueError as exc:
                # Cut at the end of what was read, or no JSON.
                if len(self._held) - self._at > LONGEST_LINE or not self._more(double=True):
                    raise _no_json(number, exc) from None
                continue
            # A number at the end of what was read may go on.
            if end == len(self._held) and self._more():
                continue
            self._at = end
            return value

    def _more(self, *, double: bool = False) -> bool:
        """Read on. With `double` the part grows by its own length, so that a long element is not parsed too often."""
        size = max(_CHUNK, len(self._held) - self._at) if double else _CHUNK
        part = self._text.read(size)
        self._held, self._at = self._held[self._at :] + part, 0
        return bool(part)


def _no_json(number: int, exc: ValueError) -> B24Error:
    said = exc.msg if isinstance(exc, json.JSONDecodeError) else "it cannot be read"
    return our_error("B24MCP_IMPORT", f"Row {number} is not JSON: {said}.")
