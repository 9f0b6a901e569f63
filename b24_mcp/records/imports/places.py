"""The files that may be imported: regular files in the folders that the user named."""

from __future__ import annotations

import contextlib
import difflib
import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from b24_mcp.errors import B24Error, our_error
from b24_mcp.records.exports.new_file import opened_folder
from b24_mcp.records.exports.places import ExportPlace, place_in

_SHEET_MARK = "#"
_NAMED = 10
_LARGEST_FILE = 4 << 30
_ENDINGS = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".xlsx", ".xlsm", ".xls", ".ods", ".parquet")


@dataclass(frozen=True, slots=True)
class ImportPlace:
    """A file to import, and the sheet of it that was asked for."""

    place: ExportPlace
    sheet: str | None = None

    @property
    def path(self) -> Path:
        """The whole path."""
        return self.place.path

    @contextlib.contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the file for reading. Links below the folder are not followed.

        Raises:
            B24Error: `B24MCP_IMPORT` if there is no such file, it is no regular file, or it is too large.
        """
        name = self.place.name
        try:
            with opened_folder(self.place) as folder:
                try:
                    descriptor = folder.open(name)
                except FileNotFoundError:
                    names = folder.names()
                    other = _same_name(name, names)
                    if other is None:
                        raise _missing(name, names) from None
                    descriptor = folder.open(other)
        except B24Error as exc:
            raise _as_import(exc) from None
        except OSError as exc:
            said = exc.strerror or type(exc).__name__
            raise our_error("B24MCP_IMPORT", f"{name!r} cannot be read: {said}.") from None
        found = os.fstat(descriptor)
        why = "is not a regular file" if not stat.S_ISREG(found.st_mode) else ""
        if found.st_size > _LARGEST_FILE:
            why = f"is larger than {_LARGEST_FILE >> 30} GB"
        if why:
            os.close(descriptor)
            raise our_error("B24MCP_IMPORT", f"{name!r} {why}.")
        with os.fdopen(descriptor, "rb") as file:
            yield file


def import_place_in(setting: str | None, path: str) -> ImportPlace:
    """Return the place of a path that a model wrote. `book.xlsx#Sheet2` names a sheet of a workbook.

    Raises:
        B24Error: `B24MCP_IMPORT_FOLDER` if no folder is configured or the path is outside, `B24MCP_IMPORT` if it
            cannot be the name of a file.
    """
    path, sheet = _split_sheet(path)
    try:
        return ImportPlace(place_in(setting, path), sheet)
    except B24Error as exc:
        raise _as_import(exc) from None


def import_place_of(path: Path, sheet: str | None = None) -> ImportPlace:
    """Return the place of a path that the user typed: it may be anywhere and lead through links.

    Raises:
        B24Error: `B24MCP_IMPORT` if the path does not end with a name.
    """
    if path.name in ("", ".."):
        raise our_error("B24MCP_IMPORT", f"{str(path)!r} is not the name of a file.")
    path = Path(os.path.realpath(path))
    return ImportPlace(ExportPlace(path.parent, (path.name,)), sheet)


def _split_sheet(path: str) -> tuple[str, str | None]:
    before, mark, after = path.partition(_SHEET_MARK)
    if mark and after and before.lower().endswith((".xlsx", ".xlsm", ".xls", ".ods")):
        return before, after
    return path, None


def _as_import(error: B24Error) -> B24Error:
    """Return an error about a place for exports as one about a file to import."""
    fault = error.fault
    message = fault.message.replace("cannot be the name of a file", "cannot be imported")
    if fault.code == "B24MCP_EXPORT_FOLDER":
        converted = our_error("B24MCP_IMPORT_FOLDER", message)
        if fault.hint and "Use a plain file name" in fault.hint:
            where = fault.hint.replace("Nothing was written.", "Nothing was read.")
            return B24Error(replace(converted.fault, hint=where))
        return converted
    return our_error("B24MCP_IMPORT", message) if fault.code == "B24MCP_EXPORT" else error


def _same_name(name: str, names: list[str]) -> str | None:
    """Return the name in a folder that differs in its Unicode form only, as macOS writes names."""
    form = unicodedata.normalize("NFC", name)
    return next((other for other in names if unicodedata.normalize("NFC", other) == form), None)


def _missing(name: str, names: list[str]) -> B24Error:
    files = sorted(other for other in names if other.lower().endswith(_ENDINGS) and not other.startswith("."))
    near = difflib.get_close_matches(name, files, _NAMED, 0.5)
    shown = [*near, *(other for other in files if other not in near)][:_NAMED]
    hint = f"Files there: {', '.join(shown)}." if shown else "The folder holds no file that can be imported."
    return our_error("B24MCP_IMPORT", f"There is no file {name!r} in the folder.", hint=f"Nothing was read. {hint}")
