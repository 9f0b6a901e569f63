"""The files that may be imported: regular files in the folders for files, or where the user said."""

from __future__ import annotations

import contextlib
import difflib
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from b24_mcp.errors import B24Error, our_error
from b24_mcp.storage.opened_folder import opened_folder
from b24_mcp.storage.places import FilePlace, place_in, place_of, shown_name

_SHEET_MARK = "#"
_NAMED = 10
_LARGEST_FILE = 4 << 30
_ENDINGS = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".xlsx", ".xlsm", ".xls", ".ods", ".parquet")


@dataclass(frozen=True, slots=True)
class ImportPlace:
    """A file to import, and the sheet of it that was asked for."""

    place: FilePlace
    sheet: str | None = None

    @property
    def path(self) -> Path:
        """The whole path."""
        return self.place.path

    @contextlib.contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the file for reading. Links below the folder are not followed.

        Raises:
            B24Error: `B24MCP_FILE` if there is no such file or it is no regular file, `B24MCP_IMPORT` if it is too
                large.
        """
        name = self.place.name
        try:
            with opened_folder(self.place, make=False) as folder:
                try:
                    descriptor = folder.read(name)
                except FileNotFoundError:
                    names = folder.names()
                    other = _same_name(name, names)
                    if other is None:
                        raise _missing(name, names) from None
                    descriptor = folder.read(other)
        except OSError as exc:
            said = exc.strerror or type(exc).__name__
            raise our_error("B24MCP_FILE", f"{shown_name(name)} cannot be read: {said}.") from None
        with os.fdopen(descriptor, "rb") as file:
            if os.fstat(descriptor).st_size > _LARGEST_FILE:
                raise our_error("B24MCP_IMPORT", f"{shown_name(name)} is larger than {_LARGEST_FILE >> 30} GB.")
            yield file


def import_place_in(setting: str | None, path: str) -> ImportPlace:
    """Return the place of a path that a model wrote. `book.xlsx#Sheet2` names a sheet of a workbook.

    Raises:
        B24Error: as `b24_mcp.storage.places.place_in`.
    """
    path, sheet = _split_sheet(path)
    return ImportPlace(place_in(setting, path, existing=True), sheet)


def import_place_of(path: Path, sheet: str | None = None) -> ImportPlace:
    """Return the place of a path that the user typed: it may be anywhere and lead through links.

    Raises:
        B24Error: `B24MCP_FILE` if the path does not end with a name.
    """
    place_of(path)
    return ImportPlace(place_of(Path(os.path.realpath(path))), sheet)


def _split_sheet(path: str) -> tuple[str, str | None]:
    before, mark, after = path.partition(_SHEET_MARK)
    if mark and after and before.lower().endswith((".xlsx", ".xlsm", ".xls", ".ods")):
        return before, after
    return path, None


def _same_name(name: str, names: list[str]) -> str | None:
    """Return the name in a folder that differs in its Unicode form only, as macOS writes names."""
    form = unicodedata.normalize("NFC", name)
    return next((other for other in names if unicodedata.normalize("NFC", other) == form), None)


def _missing(name: str, names: list[str]) -> B24Error:
    files = sorted(other for other in names if other.lower().endswith(_ENDINGS) and not other.startswith("."))
    near = difflib.get_close_matches(name, files, _NAMED, 0.5)
    shown = [*near, *(other for other in files if other not in near)][:_NAMED]
    hint = f"Files there: {', '.join(shown)}." if shown else "The folder holds no file that can be imported."
    return our_error(
        "B24MCP_FILE", f"There is no file {shown_name(name)} in the folder.", hint=f"Nothing was read. {hint}"
    )
