"""The journal of calls that are made from rows: the frozen calls of a job, and the outcome of each.

A row is marked as sent before its request leaves, and gets its outcome afterwards. A row that is found as sent without
an outcome, after its process was killed, may have been executed: it is unknown, and is never sent again. The journal is
in the store of the data sets. A lock that ends with its process tells a running job from an interrupted one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from b24_mcp.errors import our_error
from b24_mcp.records.jobs import Job, JobCounts, JobRow, JobState, RowOutcome
from b24_mcp.records.store import Database, RecordStore

_KEPT_SECONDS = 30 * 86_400.0


class Journal:
    """The jobs in one store of data sets.

    Raises (every method):
        B24Error: `B24MCP_RECORDS_FILE` if the store cannot be used.
    """

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self._is_prepared = False

    def lock(self, key: str) -> AbstractAsyncContextManager[bool]:
        """Hold the lock of a job while the block runs; False if another task or process holds it."""
        return self._store.lock(key)

    async def find(self, key: str) -> Job | None:
        """Return the newest job of a key that is frozen."""

        def work(db: Database) -> Job | None:
            self._prepare(db)
            row = db.execute(
                'SELECT id, state, source, facts, updated_at FROM "~jobs" '
                "WHERE key = ? AND state <> 'draft' ORDER BY id DESC LIMIT 1",
                (key,),
            ).fetchone()
            return None if row is None else Job(row[0], row[1], row[2], json.loads(row[3]), row[4])

        return await self._store.do(work)

    async def begin(self, key: str) -> int:
        """Begin a draft and return its number. Older drafts of the key are removed."""

        def work(db: Database) -> int:
            self._prepare(db)
            with db.transaction():
                drafts = db.execute("SELECT id FROM \"~jobs\" WHERE key = ? AND state = 'draft'", (key,)).fetchall()
                for (number,) in drafts:
                    _delete(db, number)
                values = {"key": key, "state": "draft", "updated_at": self._store.moment()}
                return db.insert("~jobs", values)

        return await self._store.do(work)

    async def add(self, number: int, first: int, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows with their cells; the first has the number `first`."""
        lines = [
            (number, first + place, json.dumps(cells, ensure_ascii=False, separators=(",", ":")))
            for place, cells in enumerate(rows)
        ]

        def work(db: Database) -> None:
            with db.transaction():
                db.executemany('INSERT INTO "~job_rows" (job, "row", cells) VALUES (?, ?, ?)', lines)

        await self._store.do(work)

    async def plan(self, number: int, rows: Iterable[JobRow], done: Iterable[RowOutcome] = ()) -> None:
        """Store the calls of rows, and the outcomes of rows that need no call."""
        lines = [(row.call, row.action, row.after, row.id, number, row.row) for row in rows]
        outcomes = [_settled(outcome, number) for outcome in done]

        def work(db: Database) -> None:
            with db.transaction():
                db.executemany(
                    'UPDATE "~job_rows" SET call = ?, action = ?, after = ?, id = ? WHERE job = ? AND "row" = ?', lines
                )
                db.executemany(_SETTLE, outcomes)

        await self._store.do(work)

    async def note(self, number: int, state: JobState, facts: Mapping[str, object], source: str | None = None) -> None:
        """Change the state and the facts of a job."""
        values = (state, json.dumps(facts, ensure_ascii=False), source, self._store.moment(), number)

        def work(db: Database) -> None:
            with db.transaction():
                db.execute(
                    'UPDATE "~jobs" SET state = ?, facts = ?, source = coalesce(?, source), updated_at = ? '
                    "WHERE id = ?",
                    values,
                )

        await self._store.do(work)

    async def approve(self, number: int, facts: Mapping[str, object]) -> None:
        """Mark a job as approved, unless another process has already sent or replaced it."""
        values = (json.dumps(facts, ensure_ascii=False), self._store.moment(), number)

        def work(db: Database) -> None:
            with db.transaction():
                update = (
                    "UPDATE \"~jobs\" SET state = 'approved', facts = ?, updated_at = ? "
                    "WHERE id = ? AND state = 'asked'"
                )
                db.execute(update, values)

        await self._store.do(work)

    async def page(self, number: int, after: int, limit: int) -> list[JobRow]:
        """Return the next rows after a row number, whatever their state."""

        def work(db: Database) -> list[JobRow]:
            query = (
                'SELECT "row", cells, call, action, after FROM "~job_rows" '
                'WHERE job = ? AND "row" > ? ORDER BY "row" LIMIT ?'
            )
            return [_row(line) for line in db.execute(query, (number, after, limit))]

        return await self._store.do(work)

    async def waiting(self, number: int, limit: int) -> list[JobRow]:
        """Return the next rows that are still to be sent, in their order."""

        def work(db: Database) -> list[JobRow]:
            query = (
                'SELECT "row", cells, call, action, after FROM "~job_rows" '
                "WHERE job = ? AND state = 'waiting' ORDER BY \"row\" LIMIT ?"
            )
            return [_row(line) for line in db.execute(query, (number, limit))]

        return await self._store.do(work)

    async def outcome(self, number: int, row: int) -> RowOutcome | None:
        """Return the outcome of one row; None before it has one."""

        def work(db: Database) -> RowOutcome | None:
            query = (
                'SELECT "row", ok, executed, action, id, code, message FROM "~job_rows" '
                "WHERE job = ? AND \"row\" = ? AND state = 'done'"
            )
            line = db.execute(query, (number, row)).fetchone()
            return None if line is None else _outcome(line)

        return await self._store.do(work)

    async def mark_sent(self, number: int, rows: Sequence[int]) -> None:
        """Mark rows as sent, on the disk before this returns.

        Raises:
            B24Error: `B24MCP_RECORDS_JOB` if one of them does not wait any more, because another process continues the
                job: its lock ends with the connection to the database, perhaps before its process. Nothing may be
                sent then.
        """
        lines = [(number, row) for row in rows]
        mark = "UPDATE \"~job_rows\" SET state = 'sent' WHERE job = ? AND \"row\" = ? AND state = 'waiting'"

        def work(db: Database) -> None:
            with db.transaction(durable=True):
                if db.executemany(mark, lines) != len(lines):
                    raise our_error("B24MCP_RECORDS_JOB", "Another process continues this job.")

        await self._store.do(work)

    async def settle(self, number: int, outcomes: Sequence[RowOutcome], again: Sequence[int] = ()) -> None:
        """Store outcomes. The rows in `again` were certainly not executed and wait again."""
        lines = [_settled(outcome, number) for outcome in outcomes]

        def work(db: Database) -> None:
            with db.transaction():
                db.executemany(_SETTLE, lines)
                waiting = [(number, row) for row in again]
                db.executemany(
                    "UPDATE \"~job_rows\" SET state = 'waiting' WHERE job = ? AND \"row\" = ? AND state = 'sent'",
                    waiting,
                )
                db.execute('UPDATE "~jobs" SET updated_at = ? WHERE id = ?', (self._store.moment(), number))

        await self._store.do(work)

    async def recover(self, number: int, code: str, message: str) -> int:
        """Set the outcome of rows that were sent without one to unknown. Return their number.

        The caller holds the lock of the job, so no other process is waiting for these outcomes.
        """

        def work(db: Database) -> int:
            with db.transaction():
                return db.execute(
                    "UPDATE \"~job_rows\" SET state = 'done', ok = 0, executed = 'unknown', code = ?, message = ? "
                    "WHERE job = ? AND state = 'sent'",
                    (code, message, number),
                ).rowcount

        return await self._store.do(work)

    async def counts(self, number: int) -> JobCounts:
        """Return the number of rows by outcome."""

        def work(db: Database) -> JobCounts:
            self._prepare(db)
            totals = dict.fromkeys(("rows", "waiting", "succeeded", "failed", "unknown"), 0)
            actions: dict[str, int] = {}
            query = 'SELECT state, ok, executed, action, count(*) FROM "~job_rows" WHERE job = ? GROUP BY 1, 2, 3, 4'
            for state, ok, executed, action, count in db.execute(query, (number,)):
                totals["rows"] += count
                if state != "done":
                    totals["waiting"] += count
                elif ok:
                    totals["succeeded"] += count
                else:
                    totals["unknown" if executed == "unknown" else "failed"] += count
                if action and state == "done" and (ok or action == "ambiguous"):
                    actions[action] = actions.get(action, 0) + count
            return JobCounts(**totals, actions=actions)

        return await self._store.do(work)

    async def examples(self, number: int, *, ok: bool, limit: int) -> list[tuple[RowOutcome, Sequence[Any]]]:
        """Return the first outcomes of rows that succeeded, or of those that did not, with the cells of the row."""

        def work(db: Database) -> list[tuple[RowOutcome, Sequence[Any]]]:
            query = (
                'SELECT "row", ok, executed, action, id, code, message, cells FROM "~job_rows" '
                "WHERE job = ? AND state = 'done' AND ok = ? ORDER BY \"row\" LIMIT ?"
            )
            return [(_outcome(line[:-1]), json.loads(line[-1])) for line in db.execute(query, (number, int(ok), limit))]

        return await self._store.do(work)

    async def settled_page(self, number: int, after: int, limit: int) -> list[tuple[RowOutcome, Sequence[Any]]]:
        """Return the next rows after a row number, with their outcomes and cells."""

        def work(db: Database) -> list[tuple[RowOutcome, Sequence[Any]]]:
            query = (
                'SELECT "row", ok, executed, action, id, code, message, cells FROM "~job_rows" '
                'WHERE job = ? AND "row" > ? ORDER BY "row" LIMIT ?'
            )
            return [(_outcome(line[:-1]), json.loads(line[-1])) for line in db.execute(query, (number, after, limit))]

        return await self._store.do(work)

    async def drop_rows(self, number: int) -> None:
        """Delete the rows of a job, whose outcomes are in a data set."""

        def work(db: Database) -> None:
            with db.transaction():
                db.execute('DELETE FROM "~job_rows" WHERE job = ?', (number,))
            db.shrink()

        await self._store.do(work)

    async def drop_others(self, key: str, number: int) -> None:
        """Delete the other jobs of a key."""

        def work(db: Database) -> None:
            with db.transaction():
                others = db.execute('SELECT id FROM "~jobs" WHERE key = ? AND id <> ?', (key, number)).fetchall()
                for (other,) in others:
                    _delete(db, other)

        await self._store.do(work)

    async def drop(self, number: int) -> None:
        """Delete a job."""

        def work(db: Database) -> None:
            with db.transaction():
                _delete(db, number)
            db.shrink()

        await self._store.do(work)

    def _prepare(self, db: Database) -> None:
        """Create the tables, and remove jobs that nobody continued for a month."""
        if not db.prepare_journal() and self._is_prepared:
            return
        with db.transaction():
            old = db.execute('SELECT id FROM "~jobs" WHERE updated_at < ?', (self._store.moment(_KEPT_SECONDS),))
            for (number,) in old.fetchall():
                _delete(db, number)
        self._is_prepared = True


_SETTLE = (
    "UPDATE \"~job_rows\" SET state = 'done', ok = ?, executed = ?, action = coalesce(nullif(?, ''), action), "
    "id = coalesce(?, id), code = ?, message = ? "
    'WHERE job = ? AND "row" = ?'
)


def _settled(outcome: RowOutcome, number: int) -> tuple[object, ...]:
    said = (int(outcome.ok), outcome.executed, outcome.action, outcome.id, outcome.code, outcome.message)
    return (*said, number, outcome.row)


def _row(line: Sequence[Any]) -> JobRow:
    return JobRow(line[0], json.loads(line[1]), line[2], line[3], line[4])


def _outcome(line: Sequence[Any]) -> RowOutcome:
    row, ok, executed, action, id_, code, message = line
    return RowOutcome(row, bool(ok), executed, action, id_, code, message)


def _delete(db: Database, number: int) -> None:
    db.execute('DELETE FROM "~job_rows" WHERE job = ?', (number,))
    db.execute('DELETE FROM "~jobs" WHERE id = ?', (number,))
