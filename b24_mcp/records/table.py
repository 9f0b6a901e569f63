"""The SQL table of one data set: its columns, which grow with the fields of the rows, and the tuples to insert."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import UnionType

from b24_mcp.records.columns import Column, Kind, Stored, kind_of
from b24_mcp.records.fields import FieldKinds
from b24_mcp.records.names import cut, quoted
from b24_mcp.records.store import SqlDialect
from b24_mcp.rest import to_json

_LONGEST_NAME = 200
# Rows that are not objects have one column. Fields beyond the largest number of columns share one.
_VALUE = "value"
_LONGEST_ENDING = 4
# The types of the values in columns of numbers.
_NUMERIC: Mapping[Kind, type | UnionType] = {"integer": int, "boolean": int, "number": int | float}
_REST = "other_fields"


@dataclass(slots=True)
class DataSetTable:
    """The columns of a data set that is being filled. `key` is the field that identifies a row, if there is one.

    A field that is always empty gets no column before `seal`, because its first value decides the type.
    """

    kinds: FieldKinds
    dialect: SqlDialect
    key: str | None = None
    columns: list[Column] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)

    def copy(self) -> DataSetTable:
        """Return a copy for adding a page, so that a failure leaves this object unchanged."""
        return DataSetTable(
            self.kinds, self.dialect, self.key, [replace(column) for column in self.columns], list(self.empty)
        )

    def prepare(self, fields: Iterable[tuple[str, Kind]]) -> list[Column]:
        """Add columns of known types before the first row. Return them."""
        return [self._new_column(name, kind) for name, kind in fields]

    def convert(self, rows: Sequence[object]) -> tuple[list[Column], list[tuple[Stored, ...]]]:
        """Convert a page of rows. Return the columns that were added for them, and the tuples to insert."""
        maps: list[Mapping[str, object]] = [row if isinstance(row, Mapping) else {_VALUE: row} for row in rows]
        added = self._add_columns(maps)
        misfits = [column.misfits for column in self.columns]
        lines = self._lines(maps)
        if self.dialect.is_strict and self._widen(misfits, lines):
            lines = self._lines(maps)  # the values of a column that holds texts now
        return added, lines

    def retyped(self, before: DataSetTable) -> list[Column]:
        """Return the columns whose SQL type is not the one that they had before."""
        if not self.dialect.is_strict:
            return []
        types = self.dialect.types
        pairs = zip(before.columns, self.columns, strict=False)
        return [column for former, column in pairs if types[former.kind] != types[column.kind]]

    def names_in_order(self) -> list[str]:
        """Return the names of the columns in the order of the tuples: the shared column is the last."""
        return [column.name for column in sorted(self.columns, key=lambda column: column.field == "")]

    def _lines(self, maps: Sequence[Mapping[str, object]]) -> list[tuple[Stored, ...]]:
        rest = next((column for column in self.columns if column.field == ""), None)
        own = [column for column in self.columns if column is not rest]
        values = [column.store_all([row.get(column.field) for row in maps]) for column in own]
        if rest is not None:
            values.append([self._rest_of(row, own) for row in maps])
        return list(zip(*values, strict=True)) if values else [() for _ in maps]

    def _widen(self, misfits: Sequence[int], lines: Sequence[Sequence[Stored]]) -> bool:
        """Make texts of the columns of numbers that have other values on this page. Return whether there are any."""
        places = {name: place for place, name in enumerate(self.names_in_order())}
        widened: set[str] = set()
        for column, before in zip(self.columns, misfits, strict=True):
            if column.misfits == before or column.kind not in _NUMERIC:
                continue
            values = [line[places[column.name]] for line in lines]
            if all(value is None or isinstance(value, _NUMERIC[column.kind]) for value in values):
                continue
            are_numbers = all(value is None or isinstance(value, int | float) for value in values)
            column.kind = "number" if are_numbers else "text"
            widened.add(column.name)
        for column, before in zip(self.columns, misfits, strict=True) if widened else ():
            if column.kind != "text" or column.name not in widened:
                column.misfits = before  # they are counted again
        return bool(widened)

    def seal(self) -> list[Column]:
        """Add columns for the fields that were always empty. A table without rows gets those that rows would have."""
        if not self.columns and not self.empty:
            expected = [name for name in self.kinds.expected if name][: self.dialect.most_columns - 1]
            return self.prepare((name, self.kinds.get(name) or "text") for name in expected or [self.key or _VALUE])
        named = [name for name in self.empty if name][: self.dialect.most_columns - len(self.columns)]
        added = [self._new_column(name, "text") for name in named]
        self.empty.clear()
        return added

    def _add_columns(self, rows: list[Mapping[str, object]]) -> list[Column]:
        known = {column.field for column in self.columns}
        new = set[str]().union(*rows) - known
        unknown = dict.fromkeys(name for row in rows for name in row if name in new) if new else ()
        added = []
        for name in unknown:
            kind = kind_of((row.get(name) for row in rows), self.kinds.get(name), is_key=name == self.key)
            if kind is None:
                if name not in self.empty:
                    self.empty.append(name)
            elif name and len(self.columns) < self.dialect.most_columns - 1:
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
        """Return an unused column name. In SQL `ID` and `id` are often the same, and a name holds no NUL."""
        taken = {column.name.lower() for column in self.columns}
        base = name.replace("\0", "")[:_LONGEST_NAME] or _REST
        longest = self.dialect.longest_name
        if longest is not None and len(base.encode("utf-8", "replace")) > longest:
            base = cut(base, longest - _LONGEST_ENDING)
        free, number = base, 2
        while free.lower() in taken:
            free, number = f"{base}_{number}", number + 1
        return free

    @staticmethod
    def _rest_of(row: Mapping[str, object], own: list[Column]) -> str | None:
        fields = {column.field for column in own}
        left = {name: value for name, value in row.items() if name not in fields and value is not None}
        return to_json(left) if left else None


def column_sql(column: Column, dialect: SqlDialect) -> str:
    """Return the SQL definition of a column."""
    return f"{quoted(column.name)} {dialect.types[column.kind]}"


def columns_to_text(columns: Iterable[Column]) -> dict[str, str]:
    """Return the columns as they are stored with the set: `columns` for queries, `fields` to resume a run."""
    listed = list(columns)
    return {
        "columns": to_json({column.name: column.kind for column in listed}),
        "fields": to_json([[column.field, column.misfits] for column in listed]),
    }


def columns_from_text(columns: str, fields: str) -> list[Column]:
    """Parse the stored columns of a set."""
    named = json.loads(columns).items()
    return [
        Column(field, name, kind, misfits)
        for (name, kind), (field, misfits) in zip(named, json.loads(fields), strict=True)
    ]
