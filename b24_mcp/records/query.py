"""SQL queries over data sets, on the side of the caller. The statement runs in `query_process`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import IO

from b24_mcp.errors import B24Error, our_error
from b24_mcp.records.columns import Cell
from b24_mcp.records.portal_tables import PortalTable
from b24_mcp.records.sql_tokens import strict_names
from b24_mcp.records.sqlite_database import DAMAGED_HINT
from b24_mcp.records.sqlite_hints import sqlite_form
from b24_mcp.records.store import StatementQuery

_PROGRAM = Path(__file__).with_name("query_process.py")
_LONGEST_STATEMENT = 100_000
# The process ends a statement itself. If it does not, it is killed after these seconds.
_GRACE = 3.0
# Other environment variables are not passed, because they hold secrets.
_ENVIRONMENT = ("SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
_LIMITS = {
    "slow": "it took longer than {seconds:g} s",
    "memory": "it needs more memory or disk than allowed",
}


class SqlQuery(StatementQuery):
    """One statement over the data sets in the file at `path`: at most `rows` rows (None: all), for at most `seconds`.

    It may also read `tables`.
    """

    def __init__(
        self, path: Path, sql: str, *, rows: int | None, seconds: float, tables: Sequence[PortalTable] = ()
    ) -> None:
        super().__init__()
        strict, self._originals = strict_names(sql)
        self._request = {"path": str(path), "sql": strict, "rows": rows, "seconds": seconds}
        self._tables = tables
        self._seconds = seconds
        self._sql = sql
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def rows(self) -> Generator[list[list[Cell]], None, None]:
        """Run the statement and yield its rows, some hundred at a time.

        It blocks, so it must run in a thread; `stop` ends it from another one.

        Raises:
            B24Error: `B24MCP_SQL` if the statement is refused or wrong, `B24MCP_SQL_LIMIT` if it exceeds a limit.
        """
        check_statement(self._sql)
        process = self._start()
        timer = threading.Timer(self._seconds + _GRACE, process.kill)
        timer.start()
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            self._ask(process.stdin)
            for line in process.stdout:
                part = json.loads(line)
                if "error" in part:
                    raise self._error(part["error"], part["message"])
                if "end" in part:
                    self.truncated = part["truncated"]
                    return
                if "columns" in part:
                    self.columns, self.read = [self._original(name) for name in part["columns"]], part["read"]
                yield part.get("rows", [])
            # The process was killed: by the timer, or by the system because of its memory.
            raise self._error("slow" if not timer.is_alive() else "memory", "")
        finally:
            timer.cancel()
            process.kill()
            process.communicate()

    def stop(self) -> None:
        """End the statement, from any thread."""
        self._stopped = True
        if self._process is not None:
            self._process.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        self._process = subprocess.Popen(  # noqa: S603  # our own program, without arguments from the statement
            [sys.executable, "-I", "-S", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        if self._stopped:
            self._process.kill()
        return self._process

    def _original(self, column: str) -> str:
        """Return the name of a column of the answer, which may be an expression, as the statement has it."""
        if "`" in column:
            for strict, original in self._originals.items():
                column = column.replace(strict, original)
        return column

    def _ask(self, stdin: IO[bytes]) -> None:
        try:
            request = self._request | {"tables": [table.for_process() for table in self._tables]}
            stdin.write(json.dumps(request).encode() + b"\n")
            stdin.flush()
        except BrokenPipeError:
            pass  # the process has ended, which shows when its answer is read

    def _error(self, kind: str, message: str) -> B24Error:
        if kind in _LIMITS:
            said = _LIMITS[kind].format(seconds=self._seconds)
            return our_error("B24MCP_SQL_LIMIT", f"The query was ended: {said}.")
        if kind == "damaged":
            return our_error(
                "B24MCP_RECORDS_FILE", "The file of data sets cannot be used: it is damaged.", hint=DAMAGED_HINT
            )
        if kind == "file":
            return our_error("B24MCP_RECORDS_FILE", f"The file of data sets cannot be read: {message}.")
        hint = sqlite_form(self._sql, message)
        return our_error("B24MCP_SQL", f"The query was not run: {message}.", hint=hint)


def check_statement(sql: str) -> None:
    """Check what no database would read.

    Raises:
        B24Error: `B24MCP_SQL`.
    """
    if len(sql) > _LONGEST_STATEMENT:
        raise our_error("B24MCP_SQL", f"The statement is longer than {_LONGEST_STATEMENT} characters.")
    if "\0" in sql:
        raise our_error("B24MCP_SQL", "The statement holds the character U+0000.")
