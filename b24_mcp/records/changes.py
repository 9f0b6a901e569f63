"""The data set `NAME_changes`: what differs between two states of a data set, found in SQL.

It grows with each refresh. Its rows are `id`, `change` (`created`, `updated` or `removed`), and for an update `field`,
`old` and `new`; `changed_at` is the time of the change, or of the refresh where the portal does not say it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from b24_mcp.catalog.change_fields import ChangeFacts
from b24_mcp.errors import our_error
from b24_mcp.records.columns import Column
from b24_mcp.records.data_set import DataSet
from b24_mcp.records.names import quoted, with_ending
from b24_mcp.records.store import Database
from b24_mcp.records.table import columns_to_text

CHANGES_METHOD = "list_records refresh"
"""What the data set of changes has in place of the method of a list."""
_SUFFIX = "_changes"
_PRESENT = "~present"
_KEY_INDEX = "~key"

Gone = Literal["missing", "not present", "none"]
"""Which rows of the former state are gone: those that are missing in the new table, those whose ids are not among the
ones of `keep_present`, or none.
"""


@dataclass(frozen=True, slots=True)
class ListChanges:
    """How many rows differ, and the data set `records` that says how. A removed row may still exist on the portal,
    where it does not fit the filter of the list any more.
    """

    records: str
    created: int = 0
    updated: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a new state of a data set is compared with.

    `name` is the data set, `columns` are its columns and `key` is the one that identifies a row. `when` is the time of
    the portal now. `changed` is the column with the time of the last change. It and the fields in `ignored` are not
    compared themselves. An empty value is equal to another empty value.
    """

    name: str
    portal: str
    columns: Sequence[Column]
    key: Column
    when: str
    changed: Column | None = None
    ignored: Collection[str] = ()

    def write(self, db: Database, table: str, moment: str, gone: Gone = "missing") -> ListChanges:
        """Write the differences between the set and the new rows in `table` into the set of changes."""
        number, changes = _open_changes(db, self.name, self.portal, self.key, moment)
        old, new, key = quoted(self.name), quoted(table), quoted(self.key.name)
        db.execute(f"CREATE INDEX IF NOT EXISTS {quoted(_KEY_INDEX)} ON {old} ({key})")  # the table is dropped soon
        into = f"INSERT INTO {quoted(changes)} (id, change, field, old, new, changed_at)"
        when = "?" if self.changed is None else f"coalesce(n.{quoted(self.changed.name)}, ?)"
        created = _run(
            db,
            f"{into} SELECT n.{key}, 'created', NULL, NULL, NULL, {when} FROM {new} n "  # noqa: S608  # quoted names
            f"WHERE n.{key} NOT IN (SELECT {key} FROM {old} WHERE {key} IS NOT NULL)",
            self.when,
        )
        updated = self._write_updates(db, changes, into, when, new)
        ids, source = ("id", _present(db)) if gone == "not present" else (key, new)
        old_id = f"o.{key}"
        if gone == "not present":
            old_id = db.dialect.text(old_id)
        all_ids = f"SELECT {ids} FROM {source} WHERE {ids} IS NOT NULL"  # noqa: S608
        removed = 0
        if gone != "none":
            removed = _run(
                db,
                f"{into} SELECT o.{key}, 'removed', NULL, NULL, NULL, ? "  # noqa: S608
                f"FROM {old} o WHERE {old_id} NOT IN ({all_ids})",
                self.when,
            )
        db.execute(
            f"UPDATE data_sets SET rows = (SELECT count(*) FROM {quoted(changes)}), updated_at = ? WHERE id = ?",  # noqa: S608
            (moment, number),
        )
        return ListChanges(changes, created, updated, removed)

    def _write_updates(self, db: Database, changes: str, into: str, when: str, new: str) -> int:
        key = quoted(self.key.name)
        text = db.dialect.text
        added = db.new_rows(changes)
        for column in self.columns:
            if column in (self.key, self.changed) or column.field in self.ignored:
                continue
            name = quoted(column.name)
            db.execute(
                f"{into} SELECT n.{key}, 'updated', ?, {text(f'o.{name}')}, {text(f'n.{name}')}, {when} FROM {new} n "  # noqa: S608
                f"JOIN {quoted(self.name)} o ON o.{key} = n.{key} "
                f"WHERE {db.dialect.differs(f'o.{name}', f'n.{name}')}",
                (column.name, self.when),
            )
        return _count(db, f"SELECT count(DISTINCT id) FROM {quoted(changes)} WHERE change = 'updated' AND {added}")  # noqa: S608


def comparison_of(former: DataSet, key: Column, facts: ChangeFacts, when: str) -> Comparison:
    """Return the comparison with a data set."""
    field = facts.field
    changed = next((one for one in former.columns if field and _squeezed(one.field) == _squeezed(field)), None)
    return Comparison(former.name, former.portal, former.columns, key, when, changed, facts.ignored)


def _squeezed(name: str) -> str:
    return name.replace("_", "").lower()


def keep_present(db: Database, ids: Sequence[object]) -> None:
    """Keep the ids of all rows that the list has now in a temporary table, for `Comparison.write`."""
    db.execute(f"DROP TABLE IF EXISTS {_present(db)}")
    db.execute(f"CREATE TEMP TABLE {quoted(_PRESENT)} (id {db.dialect.untyped} PRIMARY KEY)")
    lines = ((str(one) if db.dialect.is_strict else one,) for one in ids)
    db.executemany(f"INSERT INTO {_present(db)} VALUES (?) ON CONFLICT DO NOTHING", lines)  # noqa: S608


def count_together(db: Database, name: str, table: str, key: Column) -> int:
    """Return the number of rows that a set or a table has, each counted once."""
    column = quoted(key.name)
    both = f"SELECT {column} FROM {quoted(name)} UNION SELECT {column} FROM {quoted(table)}"  # noqa: S608
    return _count(db, f"SELECT count(*) FROM ({both}) AS ids")  # noqa: S608


def knows_present(db: Database, name: str, table: str, key: Column, ids: Sequence[object]) -> bool:
    """Whether every one of these ids is in a set or in a table."""
    keep_present(db, ids)
    column = db.dialect.text(quoted(key.name))
    unknown = db.execute(
        f"SELECT 1 FROM {_present(db)} WHERE id NOT IN (SELECT {column} FROM {quoted(name)}) "  # noqa: S608
        f"AND id NOT IN (SELECT {column} FROM {quoted(table)}) LIMIT 1"
    ).fetchone()
    return unknown is None


def add_unchanged(db: Database, comparison: Comparison, table: str, *, present: bool) -> int:
    """Copy the rows that did not change from the set to the new table. Return the number of rows in it then."""
    shared = ", ".join(quoted(column.name) for column in comparison.columns)
    key, new = quoted(comparison.key.name), quoted(table)
    kept = f"AND {db.dialect.text(key)} IN (SELECT id FROM {_present(db)})" if present else ""  # noqa: S608
    db.execute(
        f"INSERT INTO {new} ({shared}) SELECT {shared} FROM {quoted(comparison.name)} "  # noqa: S608
        f"WHERE {key} NOT IN (SELECT {key} FROM {new}) {kept}"
    )
    return _count(db, f"SELECT count(*) FROM {new}")  # noqa: S608


def _open_changes(db: Database, name: str, portal: str, key: Column, moment: str) -> tuple[int, str]:
    """Return the id and the name of the set of changes, which is created if there is none.

    Raises:
        B24Error: `B24MCP_RECORDS_NAME` if another data set has its name.
    """
    changes = with_ending(name, _SUFFIX, db.dialect.longest_name)
    row = db.execute(
        f"SELECT id, method FROM data_sets WHERE readable = 1 AND {db.dialect.by_name}",  # noqa: S608
        (changes,),
    ).fetchone()
    if row is not None and row[1] != CHANGES_METHOD:
        raise our_error(
            "B24MCP_RECORDS_NAME",
            f"The changes of {name} belong into the data set {changes}, but a list or a file has this name.",
            hint="The data sets are as they were. Save the list under another name with save_as.",
        )
    if row is not None:
        return int(row[0]), changes
    columns = [
        Column("id", "id", key.kind),
        *(Column(field, field, "text") for field in ("change", "field", "old", "new")),
        Column("changed_at", "changed_at", "datetime"),
    ]
    db.execute(f"DROP TABLE IF EXISTS {quoted(changes)}")
    # Where columns have no strict types, `old` and `new` have none, so that each value keeps its own.
    text, any_type = db.dialect.types["text"], db.dialect.untyped
    of_id = db.dialect.types[key.kind] if db.dialect.is_strict else ""
    db.execute(
        f"CREATE TABLE {quoted(changes)} (id {of_id}, change {text}, field {text}, old {any_type}, new {any_type}, "
        f"changed_at {text})"
    )
    db.publish(changes)
    facts = {
        "name": changes,
        "method": CHANGES_METHOD,
        "params": "{}",
        "portal": portal,
        "started_at": moment,
        "updated_at": moment,
        "table_name": changes,
        "complete": 1,
        "readable": 1,
        "state": "finished",
        **columns_to_text(columns),
    }
    return db.insert("data_sets", facts), changes


def _present(db: Database) -> str:
    return f"{db.dialect.temporary}.{quoted(_PRESENT)}"


def _count(db: Database, sql: str) -> int:
    row = db.execute(sql).fetchone()
    assert row is not None
    return int(row[0])


def _run(db: Database, sql: str, *values: object) -> int:
    return db.execute(sql, values).rowcount
