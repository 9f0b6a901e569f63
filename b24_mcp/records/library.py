"""The library of the data sets of one portal: finding and deleting sets, and beginning runs."""

from __future__ import annotations

import json
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from b24_mcp.errors import our_error
from b24_mcp.records.columns import Cell, Kind, Stored
from b24_mcp.records.data_set import DataSet, DataSetOrigin
from b24_mcp.records.fields import FieldKinds
from b24_mcp.records.names import check_fits, quoted
from b24_mcp.records.run import Run, create_table, delete_run
from b24_mcp.records.store import Database, RecordStore
from b24_mcp.records.table import DataSetTable, columns_from_text
from b24_mcp.records.turns import Turns
from b24_mcp.secrets import Redactor

_FACTS = "name, rows, total, complete, method, params, portal, started_at, updated_at, columns, fields, notes, state"
_PARAMS_SHOWN = 300


class DataSetLibrary:
    """The data sets in one store.

    `redactor` redacts texts before they are written. All libraries that share `turns` have a common limit of queries.

    Raises (every method):
        B24Error: `B24MCP_RECORDS_FILE` if the store cannot be used.
    """

    def __init__(self, store: RecordStore, redactor: Redactor, turns: Turns | None = None) -> None:
        self.store = store
        self.turns = turns or Turns()
        self._redactor = redactor

    async def sets(self) -> list[DataSet]:
        """Return the readable data sets, the newest first."""

        def work(db: Database) -> list[DataSet]:
            query = f"SELECT {_FACTS} FROM data_sets WHERE readable = 1 ORDER BY updated_at DESC, id DESC"  # noqa: S608
            return [_data_set(row) for row in db.execute(query)]

        return await self.store.do(work)

    async def find(self, name: str) -> DataSet | None:
        """Return the readable data set of a name, in any Unicode form and any case of Latin letters."""
        name = unicodedata.normalize("NFC", name)

        def work(db: Database) -> DataSet | None:
            query = f"SELECT {_FACTS} FROM data_sets WHERE readable = 1 AND {db.dialect.by_name}"  # noqa: S608
            row = db.execute(query, (name,)).fetchone()
            return None if row is None else _data_set(row)

        return await self.store.do(work)

    async def portal_time(self, name: str) -> str | None:
        """Return the time of the portal when the reading of a set began; None if it is not known."""
        name = unicodedata.normalize("NFC", name)

        def work(db: Database) -> str | None:
            query = (
                'SELECT began_at FROM "~portal_times" JOIN data_sets USING (id) '  # noqa: S608
                f"WHERE readable = 1 AND {db.dialect.by_name}"
            )
            row = db.execute(query, (name,)).fetchone()
            return None if row is None else str(row[0])

        return await self.store.do(work)

    def is_list(self, data_set: DataSet, origin: DataSetOrigin) -> bool:
        """Whether a set holds this list."""
        return data_set.method.lower() == origin.method.lower() and (
            json.loads(data_set.params) == json.loads(self._params(origin))
        )

    async def first_rows(self, data_set: DataSet, limit: int) -> list[list[Cell]]:
        """Return the first rows of a set, in the order of its columns; no rows if it was deleted meanwhile."""

        def work(db: Database) -> list[list[Cell]]:
            names = ", ".join(quoted(column.name) for column in data_set.columns)
            if not db.has_table(data_set.name):
                return []
            found = db.execute(f"SELECT {names} FROM {quoted(data_set.name)} LIMIT ?", (limit,))  # noqa: S608
            return [[_readable(value) for value in row] for row in found]

        return await self.store.do(work)

    async def drop(self, name: str) -> bool:
        """Delete a set and all its runs; False if it does not exist. A run in another process ends with an error."""
        name = unicodedata.normalize("NFC", name)

        def work(db: Database) -> bool:
            with db.transaction():
                found = db.execute(
                    f"SELECT id, table_name FROM data_sets WHERE {db.dialect.by_name}",  # noqa: S608
                    (name,),
                ).fetchall()
                for number, table_name in found:
                    delete_run(db, number, table_name)
            db.shrink()
            return bool(found)

        return await self.store.do(work)

    async def begin(
        self,
        name: str,
        origin: DataSetOrigin,
        kinds: FieldKinds,
        fields: Sequence[tuple[str, Kind]] = (),
        *,
        portal_time: str | None = None,
    ) -> Run:
        """Begin a run that fills a set from the beginning. The set has columns for `fields`, also without rows.

        `portal_time` is the time of the portal now, in ISO form.
        """
        params = self._params(origin)
        check_fits(name, self.store.dialect.longest_name, self.store.dialect.reserved)

        def work(db: Database) -> Run:
            owner, now = secrets.token_hex(8), self.store.moment()
            table = DataSetTable(kinds, db.dialect)
            columns = table.prepare(fields)
            with db.transaction():
                facts = {"name": name, "method": origin.method, "params": params, "portal": origin.portal}
                number = db.insert("data_sets", facts | {"started_at": now, "updated_at": now, "owner": owner})
                table_name = create_table(db, number, columns) if columns else None
                if portal_time is not None:
                    db.execute('INSERT INTO "~portal_times" VALUES (?, ?)', (number, portal_time))
            return Run(
                self.store,
                self._redactor,
                number=number,
                name=name,
                owner=owner,
                table=table,
                table_name=table_name,
            )

        return await self.store.do(work)

    async def resume(self, name: str, origin: DataSetOrigin, kinds: FieldKinds) -> tuple[Run, Mapping[str, object]]:
        """Resume the newest incomplete run of a set. Return it and the cursor to continue at.

        A run that another process continues is taken over: there it ends with an error.

        Raises:
            B24Error: `B24MCP_RECORDS_RESUME` if there is no such run, or it lists something else.
        """
        params = self._params(origin)

        def work(db: Database) -> tuple[Run, Mapping[str, object]]:
            with db.transaction():
                row = db.execute(
                    "SELECT id, method, params, rows, columns, fields, cursor, table_name FROM data_sets "  # noqa: S608
                    f"WHERE {db.dialect.by_name} AND complete = 0 AND cursor IS NOT NULL ORDER BY id DESC LIMIT 1",
                    (name,),
                ).fetchone()
                if row is None:
                    raise our_error("B24MCP_RECORDS_RESUME", f"No run of the data set {name!r} was interrupted.")
                number, method, former, rows, columns, fields, cursor, table_name = row
                _refuse_other(name, origin.method, params, method, former)
                owner = secrets.token_hex(8)
                db.execute("UPDATE data_sets SET owner = ?, state = 'running' WHERE id = ?", (owner, number))
            run = Run(
                self.store,
                self._redactor,
                number=number,
                name=name,
                owner=owner,
                table=DataSetTable(kinds, db.dialect, columns=columns_from_text(columns, fields)),
                rows=rows,
                table_name=table_name,
            )
            return run, json.loads(cursor)

        return await self.store.do(work)

    async def reset(self) -> str | None:
        """Rename the store with all its sets, damaged or not. Return its new place; None if there was none."""
        return await self.store.set_aside()

    async def aclose(self) -> None:
        """Close the store; it is opened again when needed."""
        await self.store.aclose()

    def _params(self, origin: DataSetOrigin) -> str:
        text = json.dumps(origin.params or {}, ensure_ascii=False, separators=(",", ":"), default=str)
        return self._redactor.redact(text)


def _refuse_other(name: str, method: str, params: str, former_method: str, former_params: str) -> None:
    if method.lower() == former_method.lower() and json.loads(params) == json.loads(former_params):
        return
    shown = former_params if len(former_params) <= _PARAMS_SHOWN else former_params[:_PARAMS_SHOWN] + "…"
    raise our_error(
        "B24MCP_RECORDS_RESUME",
        f"The interrupted run of {name!r} was {former_method} with params {shown}, not what is requested now.",
    )


def _data_set(row: tuple[Any, ...]) -> DataSet:
    name, rows, total, complete, method, params, portal, started, updated, columns, fields, notes, state = row
    return DataSet(
        name=name,
        rows=rows,
        total=total,
        complete=bool(complete),
        method=method,
        params=params,
        portal=portal,
        started_at=started,
        updated_at=updated,
        columns=tuple(columns_from_text(columns, fields)),
        notes=tuple(json.loads(notes)),
        state=state,
    )


def _readable(value: Stored) -> Cell:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
