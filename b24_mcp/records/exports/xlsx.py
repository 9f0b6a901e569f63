"""Writer of XLSX, row by row, with constant memory."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import BinaryIO

from b24_mcp.errors import our_error
from b24_mcp.records.columns import Cell, Kind

_MOST_ROWS = 1_048_575
_MOST_COLUMNS = 16_384
_LONGEST_CELL = 32_767
_EXACT = 2**53


class XlsxWriter:
    """A workbook with one sheet. Dates and times are those that the portal wrote, without their time zone. Texts are
    never formulas or links.
    """

    def __init__(self, file: BinaryIO, columns: Sequence[str], kinds: Sequence[Kind | None]) -> None:
        import xlsxwriter  # an extra

        if len(columns) > _MOST_COLUMNS:
            raise our_error("B24MCP_EXPORT", f"XLSX allows {_MOST_COLUMNS} columns. Select fewer, or write CSV.")
        self._book = xlsxwriter.Workbook(file, {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm"})
        self._sheet = self._book.add_worksheet("records")
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._kinds = kinds
        self._row = 0
        self._cut = 0
        self._sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            self._sheet.write_string(0, place, column[:_LONGEST_CELL])

    @property
    def notes(self) -> tuple[str, ...]:
        """The texts that were cut."""
        return (f"{self._cut} texts were cut to {_LONGEST_CELL} characters, the most that a cell holds",) * bool(
            self._cut
        )

    def write(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Write rows.

        Raises:
            B24Error: `B24MCP_EXPORT` if a sheet cannot hold so many rows.
        """
        for row in rows:
            self._row += 1
            if self._row > _MOST_ROWS:
                raise our_error("B24MCP_EXPORT", f"XLSX allows {_MOST_ROWS} rows. Select fewer, or write CSV.")
            for place, (value, kind) in enumerate(zip(row, self._kinds, strict=True)):
                self._write(place, value, kind)

    def close(self) -> None:
        """Write the workbook."""
        self._book.close()

    def _write(self, place: int, value: Cell, kind: Kind | None) -> None:
        if value is None:
            return
        if isinstance(value, str):
            moment = _moment(value, kind)
            if moment is not None:
                self._sheet.write_datetime(self._row, place, moment, *((self._day,) if kind == "date" else ()))
                return
            if len(value) > _LONGEST_CELL:
                self._cut += 1
            self._sheet.write_string(self._row, place, value[:_LONGEST_CELL])
        elif isinstance(value, int) and abs(value) > _EXACT:
            self._sheet.write_string(self._row, place, str(value))
        elif kind == "boolean" and value in (0, 1):
            self._sheet.write_boolean(self._row, place, bool(value))
        else:
            self._sheet.write_number(self._row, place, value)


def _moment(value: str, kind: Kind | None) -> datetime.datetime | None:
    if kind not in ("date", "datetime"):
        return None
    try:
        moment = datetime.datetime.fromisoformat(value).replace(tzinfo=None)
    except ValueError:
        return None
    return moment if moment.year >= 1900 else None
