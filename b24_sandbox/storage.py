"""Records in SQLite: one table per entity with columns from its description, multi-fields in a separate table.

Identifiers come from descriptions only; every value is bound. This module does not know HTTP or methods.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Protocol

from b24_sandbox.field import Field
from b24_sandbox.php import Map, Value
from b24_sandbox.row import Row
from b24_sandbox.search_tokens import rotated, searched

SCHEMA_VERSION = 3

FIRST_ID = 11
"""The id of the first record of a table that the seed leaves empty."""
_LARGEST = 2**63 - 1
_BOUND = 150
"""Values bound in one statement: with more, preparing it takes longer than what it saves."""

MULTIFIELD_TABLE = """
create table multifield (
    ID integer primary key autoincrement, OWNER text not null, OWNER_ID integer not null,
    TYPE_ID text not null, VALUE_TYPE text not null, VALUE text not null
);
create index multifield_owner on multifield (OWNER, OWNER_ID);
create index multifield_value on multifield (TYPE_ID, VALUE);
"""


class Table(Protocol):
    """A table of records. An entity is one."""

    @property
    def name(self) -> str:
        """The name of the table."""

    @property
    def columns(self) -> tuple[Field, ...]:
        """The fields that have a column."""

    @property
    def indexes(self) -> tuple[str, ...]:
        """The columns with an index."""

    @property
    def owner(self) -> str:
        """The name of the records in multi-field rows; empty: they have none."""


def column_type(field: Field) -> str:
    """The SQLite type of a field's column."""
    if field.multiple:
        return "text"
    if field.is_integer:
        return "integer"
    return "real" if field.type == "double" else "text"


def _table(entity: Table) -> str:
    columns = [
        f'"{field.name}" ' + ("integer primary key autoincrement" if field.name == "ID" else column_type(field))
        for field in entity.columns
    ]
    return f"create table {entity.name} ({', '.join(columns)})"


class Storage:
    """One database, in memory or in a file.

    `new` is true when it had no tables before. `skipped` counts the rows that offsets have skipped in total.
    """

    def __init__(self, path: str | os.PathLike[str], entities: Sequence[Table]) -> None:
        # The constructor's thread fills the database, one worker thread answers calls: never both at a time.
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.create_function("contains", 2, contains, deterministic=True)
        self._db.create_function("matches", 2, matches, deterministic=True)
        self._db.create_function("folded", 1, folded, deterministic=True)
        self._db.create_function("begins", 2, begins, deterministic=True)
        self._db.create_function("rotated", 1, rotated, deterministic=True)
        self._db.create_function("searched", 2, searched, deterministic=True)
        self._db.execute("pragma synchronous = normal")
        self.skipped = 0
        version = int(self._db.execute("pragma user_version").fetchone()[0])
        self.new = version == 0
        if version not in (0, SCHEMA_VERSION):
            self._db.close()
            raise ValueError(
                f"the sandbox database has version {version}, but this release uses version {SCHEMA_VERSION}; "
                "delete the file to create a new portal"
            )
        if self.new:
            self._create(entities)

    def _create(self, entities: Iterable[Table]) -> None:
        script = [MULTIFIELD_TABLE]
        for entity in entities:
            script.append(_table(entity) + ";")
            script.extend(
                f'create index {entity.name}_{column} on {entity.name} ("{column}");' for column in entity.indexes
            )
        self._db.executescript("begin;" + "\n".join(script) + f"pragma user_version = {SCHEMA_VERSION}; commit;")

    def create(self, entity: Table) -> None:
        """Create the table of an entity that is newer than the database: a smart process."""
        self._db.execute(_table(entity))
        self.start_ids([entity])

    def start_ids(self, entities: Iterable[Table]) -> None:
        """Number the records of tables that had none from `FIRST_ID` on.

        1 would hide mistakes: it is the number of an array in PHP, of `true`, and of the first row of a list.
        """
        used = {str(row["name"]) for row in self._db.execute("select name from sqlite_sequence")}
        rows = [(entity.name, FIRST_ID - 1) for entity in entities if entity.name not in used]
        self._db.executemany("insert into sqlite_sequence (name, seq) values (?, ?)", rows)

    def drop(self, entity: Table) -> None:
        """Drop the table of an entity with all its records."""
        self._db.execute(f"drop table if exists {entity.name}")

    def add_column(self, entity: Table, field: Field) -> None:
        """Add the column of a new user field to a table."""
        self._db.execute(f'alter table {entity.name} add column "{field.name}" {column_type(field)}')

    def fill(self, entity: Table, name: str, value: Value) -> None:
        """Set a column to the same value in every record."""
        self._db.execute(f'update {entity.name} set "{name}" = ?', [value])  # noqa: S608

    def drop_column(self, entity: Table, name: str) -> None:
        """Drop a column of a table with its values."""
        self._db.execute(f'alter table {entity.name} drop column "{name}"')

    def begin(self) -> None:
        """Start a transaction. The seed writes in one."""
        self._db.execute("begin")

    def commit(self) -> None:
        """Commit a transaction."""
        self._db.execute("commit")

    def rollback(self) -> None:
        """Undo a transaction."""
        self._db.execute("rollback")

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def insert(self, entity: Table, values: Map) -> int:
        """Add a record and return its id."""
        names = list(values)
        cursor = self._db.execute(
            f"insert into {entity.name} ({_names(names)}) values ({_marks(len(names))})",  # noqa: S608
            _bindable(values.values()),
        )
        return int(cursor.lastrowid or 0)

    def insert_many(self, entity: Table, names: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
        """Add many records with the same columns, for the seed."""
        self._insert_rows(entity.name, names, rows)

    def update(self, entity: Table, record: int, values: Map) -> None:
        """Update columns of one record."""
        if not values:
            return
        assignments = ", ".join(f'"{name}" = ?' for name in values)
        self._db.execute(
            f"update {entity.name} set {assignments} where ID = ?",  # noqa: S608
            _bindable([*values.values(), record]),
        )

    def delete(self, entity: Table, record: int) -> None:
        """Delete a record and its multi-fields."""
        self._db.execute(f"delete from {entity.name} where ID = ?", [record])  # noqa: S608
        if entity.owner:
            self._db.execute("delete from multifield where OWNER = ? and OWNER_ID = ?", [entity.owner, record])

    def row(self, entity: Table, record: int) -> Row | None:
        """Return one record as column -> stored value, or `None`."""
        found = self._db.execute(
            f"select * from {entity.name} where ID = ?",  # noqa: S608
            _bindable([record]),
        ).fetchone()
        return None if found is None else Row(found)

    def rows(
        self,
        entity: Table,
        columns: Sequence[str],
        where: str = "1",
        bound: Sequence[Value] = (),
        order: str = "ID",
        limit: int = -1,
        offset: int = 0,
    ) -> list[Row]:
        """Return records as column -> stored value. `where` and `order` are built from descriptions only."""
        self.skipped += offset
        found = self._db.execute(
            f"select {_names(columns)} from {entity.name} where {where} order by {order} limit ? offset ?",  # noqa: S608
            _bindable([*bound, limit, offset]),
        )
        return [Row(row) for row in found]

    def whole(
        self,
        entity: Table,
        where: str = "1",
        bound: Sequence[Value] = (),
        order: str = "ID",
        limit: int = -1,
    ) -> list[Row]:
        """Return records with all columns of their description."""
        return self.rows(entity, [field.name for field in entity.columns], where, bound, order, limit)

    def first(self, entity: Table, where: str, bound: Sequence[Value] = (), order: str = "ID") -> Row | None:
        """Return the first of the matching records with all columns, or `None`."""
        return next(iter(self.whole(entity, where, bound, order, 1)), None)

    def ids(self, entity: Table, where: str = "1", bound: Sequence[Value] = ()) -> list[int]:
        """The ids of the matching records in order."""
        return [row.id for row in self.rows(entity, ["ID"], where, bound)]

    def delete_all(self, entity: Table, where: str, bound: Sequence[Value]) -> int:
        """Delete the matching records and return how many there were."""
        found = self.ids(entity, where, bound)
        for record in found:
            self.delete(entity, record)
        return len(found)

    def count(self, entity: Table, where: str = "1", bound: Sequence[Value] = ()) -> int:
        """The number of matching records."""
        row = self._db.execute(f"select count(*) from {entity.name} where {where}", _bindable(bound)).fetchone()  # noqa: S608
        return int(row[0])

    def multifields(self, owner: str, records: Sequence[int]) -> list[Row]:
        """The multi-field rows of these records, ordered by id."""
        found = self._db.execute(
            f"select * from multifield where OWNER = ? and OWNER_ID in ({_marks(len(records))}) order by ID",  # noqa: S608
            [owner, *records],
        )
        return [Row(row) for row in found]

    def multifield_values(self, owner: str, kind: str) -> list[Row]:
        """All values of one kind (`PHONE`) of one owner type, with the ids of the owners."""
        found = self._db.execute(
            "select OWNER_ID, VALUE from multifield where OWNER = ? and TYPE_ID = ? order by OWNER_ID, ID",
            [owner, kind],
        )
        return [Row(row) for row in found]

    def add_multifields(self, rows: Iterable[Sequence[Value]]) -> None:
        """Add rows (owner, owner id, type, value type, value)."""
        self._insert_rows("multifield", ("OWNER", "OWNER_ID", "TYPE_ID", "VALUE_TYPE", "VALUE"), rows)

    def _insert_rows(self, table: str, names: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
        """Insert rows, many with each statement: twice as fast as one statement a row."""
        together = max(1, _BOUND // len(names))
        remaining = iter(rows)
        head, marks = f"insert into {table} ({_names(names)}) values ", f"({_marks(len(names))})"  # noqa: S608
        statement = head + ", ".join([marks] * together)
        while chunk := list(islice(remaining, together)):
            if len(chunk) < together:
                statement = head + ", ".join([marks] * len(chunk))
            self._db.execute(statement, list(chain.from_iterable(chunk)))

    def change_multifield(self, owner: str, record: int, row: int, value: str, value_type: str | None) -> None:
        """Update one multi-field row of a record, or delete it when `value` is empty."""
        mine = [row, owner, record]
        if not value:
            self._db.execute("delete from multifield where ID = ? and OWNER = ? and OWNER_ID = ?", mine)
            return
        self._db.execute(
            "update multifield set VALUE = ?, VALUE_TYPE = coalesce(?, VALUE_TYPE)"
            " where ID = ? and OWNER = ? and OWNER_ID = ?",
            [value, value_type, *mine],
        )


def _names(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _bindable(values: Iterable[Value]) -> list[Value]:
    """Convert values for SQLite: integers out of its range become the nearest valid integer."""
    return [
        max(-_LARGEST - 1, min(value, _LARGEST)) if isinstance(value, int) and abs(value) > _LARGEST else value
        for value in values
    ]


def folded(value: str | float | None) -> str | float | None:
    """Convert text to one case in any alphabet. Other values are returned unchanged."""
    return value.casefold() if isinstance(value, str) else value


def compared(text: str) -> str:
    """Convert text as the collation of a portal's database compares it: letters of one case, `ё` like `е`."""
    return text.casefold().replace("ё", "е")


def contains(value: Value, needle: str) -> bool:
    """Search a substring, case-insensitive in any alphabet (SQLite's `like` folds Latin letters only)."""
    return value is not None and compared(needle) in compared(str(value))


def begins(value: Value, needle: str) -> bool:
    """Search a word that begins with the needle, as full-text indexes do."""
    return value is not None and re.search(rf"(?<!\w){re.escape(compared(needle))}", compared(str(value))) is not None


def matches(value: Value, pattern: str) -> bool:
    """Match SQL `like` with `%` and `_`, case-insensitive in any alphabet."""
    if value is None:
        return False
    pieces = {"%": ".*", "_": "."}
    expression = "".join(pieces.get(character) or re.escape(character) for character in compared(pattern))
    return re.fullmatch(expression, compared(str(value)), re.DOTALL) is not None
