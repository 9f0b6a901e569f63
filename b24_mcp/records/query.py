"""SQL over data sets, from the side of the one who asks. The statement itself runs in `query_process`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any, TypeVar

import anyio.to_thread

from b24_mcp.errors import B24Error, our_error
from b24_mcp.records.file import DAMAGED_HINT

_T = TypeVar("_T")
_PROGRAM = Path(__file__).with_name("query_process.py")
_LONGEST_STATEMENT = 100_000
# The process ends a statement itself; when it does not come to that, it is ended.
_GRACE = 3.0
# Nothing else of the environment is handed on: it holds secrets.
_ENVIRONMENT = ("SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
_LIMITS = {
    "slow": "it took longer than {seconds:g} s",
    "memory": "it needs more memory or disk than a query may use",
}


class SqlQuery:
    """One statement over the data sets in the file at `path`: at most `rows` rows (None: all), for at most `seconds`.

    After `start`, `columns` and `read` (the sets it reads) are known; after the last row, whether it was `truncated`.
    """

    def __init__(self, path: Path, sql: str, *, rows: int | None, seconds: float) -> None:
        self._question = {"path": str(path), "sql": sql, "rows": rows, "seconds": seconds}
        self._seconds = seconds
        self._sql = sql
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self.columns: list[str] = []
        self.read: list[str] = []
        self.truncated = False

    def rows(self) -> Generator[list[list[Any]], None, None]:
        """Run the statement and give its rows, some hundred at a time. The columns are known from the first on.

        To be run in a thread; `stop` ends it from any other.

        Raises:
            B24Error: `B24MCP_SQL` when the statement is refused or wrong, `B24MCP_SQL_LIMIT` when it takes too much.
        """
        _check(self._sql)
        process = self._start()
        ending = threading.Timer(self._seconds + _GRACE, process.kill)
        ending.start()
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
                    self.columns, self.read = part["columns"], part["read"]
                yield part.get("rows", [])
            # It was ended from outside: by us after its time, or by the system for want of memory.
            raise self._error("slow" if not ending.is_alive() else "memory", "")
        finally:
            ending.cancel()
            process.kill()
            process.communicate()

    def stop(self) -> None:
        """End it, wherever it is."""
        self._stopped = True
        if self._process is not None:
            self._process.kill()

    async def with_rows(self, work: Callable[[SqlQuery, Iterator[list[list[Any]]]], _T]) -> _T:
        """Let `work` take the rows in a thread; when this task is cancelled, the statement ends at once."""

        def working() -> _T:
            # Ended here, in the thread, when `work` leaves rows untaken: ending it waits for the process.
            with closing(self.rows()) as rows:
                return work(self, rows)

        try:
            return await anyio.to_thread.run_sync(working, abandon_on_cancel=True)
        finally:
            self.stop()

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        self._process = subprocess.Popen(  # noqa: S603  # our own program, and nothing of the statement on its line
            [sys.executable, "-I", "-S", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        if self._stopped:
            self._process.kill()
        return self._process

    def _ask(self, stdin: IO[bytes]) -> None:
        try:
            stdin.write(json.dumps(self._question).encode() + b"\n")
            stdin.flush()
        except BrokenPipeError:
            pass  # that it is gone is noticed when its answer is read

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
        return our_error("B24MCP_SQL", f"The query was not run: {message}.")


def _check(sql: str) -> None:
    if len(sql) > _LONGEST_STATEMENT:
        raise our_error("B24MCP_SQL", f"The statement is longer than {_LONGEST_STATEMENT} characters.")
    if "\0" in sql:
        raise our_error("B24MCP_SQL", "The statement holds a character that is none (U+0000).")
