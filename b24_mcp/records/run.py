"""A run, which fills a data set page by page.

A run has a table of its own. When it finishes, its table replaces that of the previous set in one transaction. A run
that is interrupted does not change a readable previous set. If no previous set exists, its rows become readable and are
marked as incomplete. In both cases any process can resume it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from b24_mcp.errors import our_error
from b24_mcp.records.columns import Column
from b24_mcp.records.names import quoted
from b24_mcp.records.row_redactor import RowRedactor
from b24_mcp.records.store import Database, RecordStore
from b24_mcp.records.table import DataSetTable, column_sql, columns_to_text
from b24_mcp.secrets import Redactor

_ABANDONED_AFTER = 3_600.0


class Run:
    """A run with the id `number` in the store, which writes as `owner`.

    `rows` is its number of rows, including those of the runs that it resumed. `readable` says after its end whether
    they can be read under the name of the set.
    """

    def __init__(
        self,
        store: RecordStore,
        redactor: Redactor,
        *,
        number: int,
        name: str,
        owner: str,
        table: DataSetTable,
        rows: int = 0,
        table_name: str | None = None,
    ) -> None:
        self.name = name
        self.rows = rows
        self.readable = False
        self._ended = False
        self._store = store
        self._row_redactor = RowRedactor(redactor)
        self._number = number
        self._owner = owner
        self._table = table
        self._table_name = table_name

    @property
    def table_name(self) -> str:
        """The table of this run, which has columns already."""
        assert self._table_name is not None
        return self._table_name

    async def append(
        self, rows: Sequence[object], cursor: Mapping[str, object] | None, *, key: str | None, total: int | None
    ) -> None:
        """Write a page of rows and the cursor after it, in one transaction.

        Raises:
            B24Error: `B24MCP_RECORDS_TAKEN` if another process took the run over or removed it, or
                `B24MCP_RECORDS_FILE`.
        """

        def work(db: Database) -> None:
            table = self._table.copy()
            table.key = key
            added, lines = table.convert(self._row_redactor.redact(rows))
            written_rows = self.rows + len(lines)
            with db.transaction():
                self._claim(db)
                table_name = self._grow(db, added)
                if lines:
                    assert table_name is not None
                    for column in table.retyped(self._table):
                        db.retype(table_name, column.name, column.kind)
                    db.append(table_name, table.names_in_order(), lines)
                self._note(
                    db,
                    rows=written_rows,
                    total=total,
                    cursor=None if cursor is None else json.dumps(cursor),
                    table_name=table_name,
                    **columns_to_text(table.columns),
                )
            self._table, self._table_name, self.rows = table, table_name, written_rows

        await self._store.do(work)

    async def finish(
        self,
        *,
        complete: bool,
        notes: Sequence[str] = (),
        merge: Callable[[Database, str, Sequence[Column]], int] | None = None,
    ) -> None:
        """End the run: its rows replace the previous set of the name.

        `merge` is called before, in the same transaction, with the table of this run and its columns. It returns the
        number of rows that the table has then.

        Raises:
            B24Error: as `append`.
        """

        def work(db: Database) -> None:
            with db.transaction():
                self._claim(db)
                if merge is not None:
                    table_name = self._grow(db, self._table.seal())
                    assert table_name is not None
                    self._table_name = table_name
                    self.rows = merge(db, table_name, self._table.columns)
                    self._note(db, rows=self.rows, total=self.rows)
                replaced = db.execute(
                    f"SELECT id, table_name FROM data_sets WHERE {db.dialect.by_name} AND id <> ? AND "  # noqa: S608
                    "(readable = 1 OR state = 'stopped' OR updated_at < ?)",
                    (self.name, self._number, self._store.moment(_ABANDONED_AFTER)),
                ).fetchall()
                for number, table_name in replaced:
                    delete_run(db, number, table_name)
                self._end(db, "finished", publish=True, complete=complete, notes=notes)
            self.readable = self._ended = True
            if replaced:
                db.shrink()

        await self._store.do(work)

    async def stop(self, notes: Sequence[str] = ()) -> None:
        """Interrupt the run and keep its rows. A run without rows is deleted.

        Raises:
            B24Error: `B24MCP_RECORDS_FILE`.
        """

        def work(db: Database) -> None:
            with db.transaction():
                if self._ended or not self._is_ours(db):
                    return
                if not self.rows:
                    delete_run(db, self._number, self._table_name)
                    return
                taken = f"SELECT 1 FROM data_sets WHERE readable = 1 AND {db.dialect.by_name} AND id <> ?"  # noqa: S608
                publish = db.execute(taken, (self.name, self._number)).fetchone() is None
                self._end(db, "stopped", publish=publish, complete=False, notes=notes)
            self.readable = publish

        await self._store.do(work)

    async def discard(self) -> None:
        """End the run and delete its rows; a former set stays.

        Raises:
            B24Error: `B24MCP_RECORDS_FILE`.
        """

        def work(db: Database) -> None:
            with db.transaction():
                if self._ended or not self._is_ours(db):
                    return
                delete_run(db, self._number, self._table_name)
            self._ended = True
            db.shrink()

        await self._store.do(work)

    def _claim(self, db: Database) -> None:
        if not self._is_ours(db):
            raise our_error(
                "B24MCP_RECORDS_TAKEN", f"The data set {self.name!r} was removed, or another process continues it."
            )

    def _is_ours(self, db: Database) -> bool:
        ours = "SELECT 1 FROM data_sets WHERE id = ? AND owner = ?"
        return db.execute(ours, (self._number, self._owner)).fetchone() is not None

    def _grow(self, db: Database, added: Sequence[Column]) -> str | None:
        """Add columns to the table, which is created with the first of them. Return its name."""
        if self._table_name is not None or not added:
            for column in added:
                db.execute(f"ALTER TABLE {quoted(str(self._table_name))} ADD COLUMN {column_sql(column, db.dialect)}")
            return self._table_name
        return create_table(db, self._number, added)

    def _end(self, db: Database, state: str, *, publish: bool, complete: bool, notes: Sequence[str]) -> None:
        table = self._table.copy()
        table_name = self._grow(db, table.seal())
        assert table_name is not None
        if publish and table_name != self.name:
            db.execute(f"ALTER TABLE {quoted(table_name)} RENAME TO {quoted(self.name)}")
            table_name = self.name
        if publish:
            db.publish(table_name)
        self._note(
            db,
            state=state,
            complete=int(complete),
            readable=int(publish),
            table_name=table_name,
            notes=json.dumps([*notes, *self._misfits()], ensure_ascii=False),
            **columns_to_text(table.columns),
        )

    def _note(self, db: Database, **facts: object) -> None:
        facts["updated_at"] = self._store.moment()
        changes = ", ".join(f"{name} = ?" for name in facts)
        db.execute(f"UPDATE data_sets SET {changes} WHERE id = ?", (*facts.values(), self._number))  # noqa: S608

    def _misfits(self) -> list[str]:
        return [
            f"{column.name} holds texts, because {column.misfits} or more of its values are no numbers"
            if column.kind == "text"
            else f"{column.misfits} values of {column.name} are not of the type {column.kind} and were kept unchanged"
            for column in self._table.columns
            if column.misfits
        ]


def create_table(db: Database, number: int, columns: Sequence[Column]) -> str:
    """Create the table of a run and return its name, which is not a valid name of a set.

    An interrupted run whose table was created before has its columns beside it, so they are written too.
    """
    name = f"~{number}"
    db.execute(f"CREATE TABLE {quoted(name)} ({', '.join(column_sql(one, db.dialect) for one in columns)})")
    facts = {"table_name": name, **columns_to_text(columns)}
    changes = ", ".join(f"{fact} = ?" for fact in facts)
    db.execute(f"UPDATE data_sets SET {changes} WHERE id = ?", (*facts.values(), number))  # noqa: S608
    return name


def delete_run(db: Database, number: int, table_name: str | None) -> None:
    """Remove a run and its table."""
    if table_name is not None:
        db.execute(f"DROP TABLE IF EXISTS {quoted(table_name)}")
    db.execute("DELETE FROM data_sets WHERE id = ?", (number,))
    db.execute('DELETE FROM "~portal_times" WHERE id = ?', (number,))
