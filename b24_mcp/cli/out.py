"""Where a command writes rows: to a file, or to stdout for the next program of a pipe."""

from __future__ import annotations

import codecs
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from b24_mcp.cli.answers import print_answer
from b24_mcp.cli.terminal import echo, one_line
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from b24_mcp.records import DataSetLibrary, Exported
    from b24_mcp.records.portal_tables import PortalTable

TextFormat = Literal["csv", "jsonl"]
_PART = 1 << 16

FORMAT = click.option(
    "--format",
    "text_format",
    type=click.Choice(["csv", "jsonl"]),
    default="csv",
    show_default=True,
    help="Format of rows on stdout. A file has the format of its name.",
)
"""The option for the format of rows on stdout."""


class RowTarget:
    """A file, or stdout when its name is `-`."""

    def __init__(self, path: Path, text_format: TextFormat, *, overwrite: bool) -> None:
        self.is_stdout = str(path) == "-"
        self._folder = tempfile.TemporaryDirectory(prefix="b24-rows-") if self.is_stdout else None
        self.path = Path(self._folder.name) / f"rows.{text_format}" if self._folder else path
        self._overwrite = overwrite

    def check(self, *, may_exist: bool = False) -> None:
        """Check before anything is read that the rows can be written.

        Raises:
            B24Error: when they cannot.
        """
        from b24_mcp.errors import our_error
        from b24_mcp.records import check_format, place_of

        check_format(self.path)
        place_of(self.path)
        if self.path.exists() and not (self._overwrite or may_exist):
            raise our_error("B24MCP_EXPORT", f"{self.path} exists already.", hint="--overwrite replaces it.")

    async def write(
        self, library: DataSetLibrary, sql: str, tables: Sequence[PortalTable] = (), *, replace: bool = False
    ) -> Exported:
        """Write all rows of a query. Rows for stdout are printed later, by `print_rows_or_answer`.

        Raises:
            B24Error: when the query fails or the file cannot be written.
        """
        from b24_mcp.records import export, place_of

        overwrite = self._overwrite or replace
        return await export(library, sql, place_of(self.path), overwrite=overwrite, tables=tables)

    def copy_to_stdout(self) -> None:
        """Print the rows, without the mark that CSV files begin with."""
        assert self._folder is not None
        stdout = sys.stdout.buffer
        with self._folder, self.path.open("rb") as file:
            part = file.read(_PART).removeprefix(codecs.BOM_UTF8)
            while part:
                stdout.write(part)
                part = file.read(_PART)
        stdout.flush()


def print_rows_or_answer(
    form: Mapping[str, object], redactor: Redactor, target: RowTarget | None, *, as_json: bool
) -> None:
    """Print an answer; when its rows were for stdout and were written, print the rows, and the notes to stderr."""
    if target is None or not target.is_stdout or not target.path.exists():
        print_answer(form, redactor, as_json=as_json)
        return
    target.copy_to_stdout()
    notes = form.get("notes")
    for note in notes if isinstance(notes, list) else []:
        echo(redactor.redact(f"note: {one_line(note)}"), err=True)
