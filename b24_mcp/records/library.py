"""The data sets of one portal: which there are, and how a run for one begins."""

from __future__ import annotations

import json
import secrets
import sqlite3
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from b24_mcp.errors import our_error
from b24_mcp.records.columns import Column
from b24_mcp.records.fields import FieldKinds
from b24_mcp.records.file import RecordsFile, give_back_room, in_one_step
from b24_mcp.records.names import quoted
from b24_mcp.records.run import Run, forget
from b24_mcp.records.table import DataSetTable, read
from b24_mcp.records.turns import Turns
from b24_mcp.secrets import Redactor

_FACTS = "name, rows, total, complete, method, params, portal, started_at, updated_at, columns, fields, notes, state"
_PARAMS_SHOWN = 300


@dataclass(frozen=True, slots=True)
class DataSet:
    """What is known of a readable data set. `params` is JSON; the moments are UTC, `updated_at` that of its last row.

    `state` is `finished`, `stopped`, or `running` while a resumed run adds rows to it.
    """

    name: str
    rows: int
    total: int | None
    complete: bool
    method: str
    params: str
    portal: str
    started_at: str
    updated_at: str
    columns: tuple[Column, ...]
    notes: tuple[str, ...]
    state: str


@dataclass(frozen=True, slots=True)
class DataSetOrigin:
    """Where the rows of a set come from."""

    method: str
    params: Any
    portal: str


class DataSetLibrary:
    """The data sets in one file. Texts are cleaned of secrets by `redactor` before they are written. Queries of all
    libraries that share `turns` wait for one another.

    Raises (every method):
        B24Error: `B24MCP_RECORDS_FILE` when the file cannot be used.
    """

    def __init__(self, file: RecordsFile, redactor: Redactor, turns: Turns | None = None) -> None:
        self.file = file
        self.turns = turns or Turns()
        self._redactor = redactor

    async def sets(self) -> list[DataSet]:
        """The readable data sets, the youngest first."""

        def work(db: sqlite3.Connection) -> list[DataSet]:
            asked = f"SELECT {_FACTS} FROM data_sets WHERE readable ORDER BY updated_at DESC, id DESC"  # noqa: S608
            return [_data_set(row) for row in db.execute(asked)]

        return await self.file.do(work)

    async def find(self, name: str) -> DataSet | None:
        """Return the readable data set of a name, in whichever Unicode form and case of Latin letters it is written."""
        name = unicodedata.normalize("NFC", name)

        def work(db: sqlite3.Connection) -> DataSet | None:
            asked = f"SELECT {_FACTS} FROM data_sets WHERE readable AND name = ?"  # noqa: S608
            row = db.execute(asked, (name,)).fetchone()
            return None if row is None else _data_set(row)

        return await self.file.do(work)

    async def first_rows(self, data_set: DataSet, limit: int) -> list[list[Any]]:
        """The first rows of a readable set, in the order of its columns; none when it is gone meanwhile."""

        def work(db: sqlite3.Connection) -> list[list[Any]]:
            names = ", ".join(quoted(column.name) for column in data_set.columns)
            try:
                found = db.execute(f"SELECT {names} FROM {quoted(data_set.name)} LIMIT ?", (limit,))  # noqa: S608
            except sqlite3.OperationalError:
                return []
            return [[_readable(value) for value in row] for row in found]

        return await self.file.do(work)

    async def drop(self, name: str) -> bool:
        """Remove a set and every run for it; False when there is none. A run that is going on ends with an error."""
        name = unicodedata.normalize("NFC", name)

        def work(db: sqlite3.Connection) -> bool:
            with in_one_step(db):
                found = db.execute("SELECT id, table_name FROM data_sets WHERE name = ?", (name,)).fetchall()
                for number, table_name in found:
                    forget(db, number, table_name)
            give_back_room(db)
            return bool(found)

        return await self.file.do(work)

    async def begin(self, name: str, origin: DataSetOrigin, kinds: FieldKinds) -> Run:
        """Begin a run that fills a set anew."""
        params = self._params(origin)

        def work(db: sqlite3.Connection) -> Run:
            owner, now = secrets.token_hex(8), self.file.moment()
            with in_one_step(db):
                number = db.execute(
                    "INSERT INTO data_sets (name, method, params, portal, started_at, updated_at, owner) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (name, origin.method, params, origin.portal, now, now, owner),
                ).lastrowid
            assert number is not None
            return Run(self.file, self._redactor, number=number, name=name, owner=owner, table=DataSetTable(kinds))

        return await self.file.do(work)

    async def resume(self, name: str, origin: DataSetOrigin, kinds: FieldKinds) -> tuple[Run, Mapping[str, Any]]:
        """Go on with the youngest run of a set that did not see the whole list. Gives it and the cursor to go on from.

        A run that still goes on elsewhere is taken over: there it ends with an error.

        Raises:
            B24Error: `B24MCP_RECORDS_RESUME` when there is none, or it lists something else.
        """
        params = self._params(origin)

        def work(db: sqlite3.Connection) -> tuple[Run, Mapping[str, Any]]:
            with in_one_step(db):
                row = db.execute(
                    "SELECT id, method, params, rows, columns, fields, cursor, table_name FROM data_sets "
                    "WHERE name = ? AND NOT complete AND cursor IS NOT NULL ORDER BY id DESC",
                    (name,),
                ).fetchone()
                if row is None:
                    raise our_error("B24MCP_RECORDS_RESUME", f"No run of the data set {name!r} was interrupted.")
                number, method, former, rows, columns, fields, cursor, table_name = row
                _refuse_other(name, origin.method, params, method, former)
                owner = secrets.token_hex(8)
                db.execute("UPDATE data_sets SET owner = ?, state = 'running' WHERE id = ?", (owner, number))
            run = Run(
                self.file,
                self._redactor,
                number=number,
                name=name,
                owner=owner,
                table=DataSetTable(kinds, columns=read(columns, fields)),
                rows=rows,
                table_name=table_name,
            )
            return run, json.loads(cursor)

        return await self.file.do(work)

    async def reset(self) -> Path | None:
        """Set the file aside with all its sets, damaged or not. Return where it is now; None when there was none."""
        return await self.file.set_aside()

    async def aclose(self) -> None:
        """Close the file; it is opened anew when needed."""
        await self.file.aclose()

    def _params(self, origin: DataSetOrigin) -> str:
        text = json.dumps(origin.params or {}, ensure_ascii=False, separators=(",", ":"), default=str)
        return self._redactor.redact(text)


def _refuse_other(name: str, method: str, params: str, former_method: str, former_params: str) -> None:
    if method.lower() == former_method.lower() and json.loads(params) == json.loads(former_params):
        return
    shown = former_params if len(former_params) <= _PARAMS_SHOWN else former_params[:_PARAMS_SHOWN] + "…"
    raise our_error(
        "B24MCP_RECORDS_RESUME",
        f"The interrupted run of {name!r} was {former_method} with params {shown}, not what is asked now.",
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
        columns=tuple(read(columns, fields)),
        notes=tuple(json.loads(notes)),
        state=state,
    )


def _readable(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
