"""The table of one data set: its columns grow with what the rows bring, and each row becomes a line of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from b24_mcp.records.columns import SQL_TYPES, Column, Kind, Stored, kind_of
from b24_mcp.records.fields import FieldKinds
from b24_mcp.records.names import quoted
from b24_mcp.rest import to_json

_MOST_COLUMNS = 1_000
_LONGEST_NAME = 200
# Rows that are no objects have one column; fields past the most a table takes share one.
_VALUE = "value"
_REST = "other_fields"


@dataclass(slots=True)
class DataSetTable:
    """The columns of a data set that is being filled. `key` is the field that identifies a row, where there is one.

    A field that is always empty gets no column before `seal`: its first value says what it holds.
    """

    kinds: FieldKinds
    key: str | None = None
    columns: list[Column] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)

    def copy(self) -> DataSetTable:
        """A table to try a page on: what fails leaves this one as it is."""
        return DataSetTable(self.kinds, self.key, [replace(column) for column in self.columns], list(self.empty))

    def take(self, rows: Sequence[Any]) -> tuple[list[Column], list[tuple[Stored, ...]]]:
        """Make lines of a page of rows. Gives the columns that came to the table with them, and the lines."""
        maps = [row if isinstance(row, Mapping) else {_VALUE: row} for row in rows]
        added = self._add_columns(maps)
        rest = next((column for column in self.columns if column.field == ""), None)
        own = [column for column in self.columns if column is not rest]
        lines = []
        for row in maps:
            line = []
            for column in own:
                value = row.get(column.field)
                column.watch(value)
                line.append(column.store(value))
            if rest is not None:
                line.append(self._rest_of(row, own))
            lines.append(tuple(line))
        return added, lines

    def seal(self) -> list[Column]:
        """Give columns to the fields that were always empty, and at least one to a table without rows."""
        named = [name for name in self.empty if name][: _MOST_COLUMNS - len(self.columns)]
        added = [self._new_column(name, "text") for name in named]
        self.empty.clear()
        if not self.columns:
            added.append(self._new_column(self.key or _VALUE, "text"))
        return added

    def insertion(self, table: str) -> str:
        """The statement that adds a line."""
        names = ", ".join(quoted(column.name) for column in self._in_order())
        places = ", ".join("?" * len(self.columns))
        return f"INSERT INTO {quoted(table)} ({names}) VALUES ({places})"  # noqa: S608  # the names are quoted

    def _in_order(self) -> list[Column]:
        """As lines are made: the column of what is left over last."""
        return sorted(self.columns, key=lambda column: column.field == "")

    def _add_columns(self, rows: list[Mapping[str, Any]]) -> list[Column]:
        known = {column.field for column in self.columns}
        unknown = dict.fromkeys(name for row in rows for name in row if name not in known)
        added = []
        for name in unknown:
            kind = kind_of((row.get(name) for row in rows), self.kinds.get(name), is_key=name == self.key)
            if kind is None:
                if name not in self.empty:
                    self.empty.append(name)
            elif name and len(self.columns) < _MOST_COLUMNS - 1:
                added.append(self._new_column(name, kind))
            elif "" not in known:
                known.add("")
                added.append(self._new_column("", "json"))
        self.empty = [name for name in self.empty if name not in {column.field for column in added}]
        return added

    def _new_column(self, name: str, kind: Kind) -> Column:
        column = Column(name, self._free_name(name), kind)
        self.columns.append(column)
        return column

    def _free_name(self, name: str) -> str:
        """SQLite takes `ID` and `id` for the same column, and no NUL."""
        taken = {column.name.lower() for column in self.columns}
        base = name.replace("\0", "")[:_LONGEST_NAME] or _REST
        free, number = base, 2
        while free.lower() in taken:
            free, number = f"{base}_{number}", number + 1
        return free

    @staticmethod
    def _rest_of(row: Mapping[str, Any], own: list[Column]) -> str | None:
        fields = {column.field for column in own}
        left = {name: value for name, value in row.items() if name not in fields and value is not None}
        return _json(left) if left else None


def column_sql(column: Column) -> str:
    """The definition of a column."""
    return f"{quoted(column.name)} {SQL_TYPES[column.kind]}"


def written(columns: Iterable[Column]) -> dict[str, str]:
    """The columns as they are kept with the set: `columns` for its readers, `fields` for whoever goes on with it."""
    listed = list(columns)
    return {
        "columns": _json({column.name: column.kind for column in listed}),
        "fields": _json([[column.field, column.misfits] for column in listed]),
    }


def read(columns: str, fields: str) -> list[Column]:
    """The columns of a set as they were kept."""
    named = json.loads(columns).items()
    return [
        Column(field, name, kind, misfits)
        for (name, kind), (field, misfits) in zip(named, json.loads(fields), strict=True)
    ]


def _json(value: Any) -> str:
    return to_json(value)
