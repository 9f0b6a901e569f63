"""Runs: work that may take longer than a call, such as reading a whole list.

A call follows its run until the run ends or the deadline of the call is near. Then the call is answered with how far
the run is, and the run goes on in the server. The same call made again follows the same run. A result that no call was
waiting for is kept for the next such call. Cancelling a call cancels its run, which ends between two requests. A server
that stops does the same. Each kind of run stores what it needs to be continued.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar, cast

import anyio
from anyio.abc import TaskGroup

from b24_mcp.access import current_caller
from b24_mcp.app.answers.forms import Form, head
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.errors import our_error
from b24_mcp.rest import OnWait

_T = TypeVar("_T")
_MOST_UNATTENDED = 8
_RESULT_SECONDS = 3_600.0
_SPARE_SECONDS = 1.0
_LEAST_SECONDS = 0.1

OnRows = Callable[[int, int | None], Awaitable[None]]
"""Called with the number of rows that are done, and the number of all rows if it is known."""


@dataclass(eq=False, slots=True)
class BackgroundRun:
    """One run. The work reports its progress with `report_rows` and `report_wait`.

    `rows` of `total` are done. `phase` is what the run is doing, in words; empty for its main work. `facts` are further
    numbers for answers while it is running.
    """

    key: Hashable
    owner: str
    started_at: float
    rows: int = 0
    total: int | None = None
    phase: str = ""
    facts: dict[str, int] = field(default_factory=dict)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    done: anyio.Event = field(default_factory=anyio.Event)
    ended_at: float = 0.0
    followers: int = 0
    _changed: anyio.Event = field(default_factory=anyio.Event)
    _wait: tuple[float, float, str] | None = None
    _before: int = 0
    _result: object = None
    _has_result: bool = False
    _error: BaseException | None = None

    async def report_rows(self, rows: int, total: int | None) -> None:
        """Report the number of rows that are done."""
        self.rows, self.total, self._wait = rows, total, None
        self._notify()

    async def report_wait(self, waited: float, whole: float, why: str) -> None:
        """Report a wait; see `b24_mcp.rest.OnWait`."""
        self._wait = (waited, whole, why)
        self._notify()

    def begin_phase(self, phase: str) -> None:
        """Begin a part of the work with a count of its own."""
        self.phase, self.rows, self.total = phase, 0, None
        self.started_at = anyio.current_time()

    def begin_at(self, rows: int) -> None:
        """Begin to measure the speed, after rows that were done before."""
        self._before, self.started_at = rows, anyio.current_time()

    @property
    def per_second(self) -> float:
        """The number of rows that are done in a second."""
        return (self.rows - self._before) / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds(self) -> float:
        """The seconds since the run or its phase began."""
        return anyio.current_time() - self.started_at

    async def work(self, work: Callable[[BackgroundRun], Awaitable[object]]) -> None:
        """Do the work and keep its result or its error."""
        try:
            with self.scope:
                self._result = await work(self)
                self._has_result = True
        except Exception as exc:
            self._error = exc
        except BaseException as exc:
            self._error = exc
            raise
        finally:
            self.ended_at = anyio.current_time()
            self.done.set()
            self._notify()

    async def watch(self, on_rows: OnRows, on_wait: OnWait) -> None:
        """Pass progress on until the run has ended."""
        told: object = None
        while True:
            changed, is_done, state = self._changed, self.done.is_set(), (self.rows, self.total, self._wait)
            if state != told and self._wait is not None:
                await on_wait(*self._wait)
            elif state != told and self.rows:
                await on_rows(self.rows, self.total)
            if is_done:
                return
            told = state
            await changed.wait()

    def result(self) -> object:
        """Return the result of a run that has ended.

        Raises:
            B24Error: when the work failed; `B24MCP_RUN_STOPPED` when it was cancelled.
        """
        if self._has_result:
            return self._result
        if isinstance(self._error, Exception):
            raise self._error
        raise our_error("B24MCP_RUN_STOPPED", "The run was stopped before it ended.")

    def _notify(self) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()


class Runs:
    """The runs of one server, by the call that began them. `background` is where they go on."""

    def __init__(self, background: TaskGroup) -> None:
        self._background = background
        self._runs: dict[Hashable, BackgroundRun] = {}

    def find(self, key: Hashable) -> BackgroundRun | None:
        """Return the run that the same call began, if it is running or its result was not returned yet."""
        self._forget_old()
        return self._runs.get(key)

    async def follow(
        self,
        key: Hashable,
        work: Callable[[BackgroundRun], Awaitable[_T]],
        running: Callable[[BackgroundRun], _T],
        *,
        seconds: float,
        on_rows: OnRows,
        on_wait: OnWait,
    ) -> _T:
        """Follow the run of a call, which begins here unless the same call began it before.

        Return its result, or after `seconds` what `running` says of it. A cancellation cancels the run, unless another
        call follows it too.

        Raises:
            B24Error: of the work; `B24MCP_RUNS` when too many runs of this caller are going on.
        """
        run = self.find(key) or self._begin(key, work)
        run.followers += 1
        try:
            with anyio.move_on_after(max(seconds - _SPARE_SECONDS, _LEAST_SECONDS)):
                await run.watch(on_rows, on_wait)
        except BaseException:  # the client cancelled the call, or it is gone
            if run.followers == 1:
                run.scope.cancel()
                self._runs.pop(key, None)
                with anyio.CancelScope(shield=True):
                    await run.done.wait()
            raise
        finally:
            run.followers -= 1
        if not run.done.is_set():
            return running(run)
        if self._runs.get(key) is run:
            del self._runs[key]
        return cast("_T", run.result())

    def _begin(self, key: Hashable, work: Callable[[BackgroundRun], Awaitable[object]]) -> BackgroundRun:
        owner = current_caller().identity
        unattended = [one for one in self._runs.values() if not one.done.is_set() and not one.followers]
        if len([one for one in unattended if one.owner == owner]) >= _MOST_UNATTENDED:
            raise our_error("B24MCP_RUNS", f"{_MOST_UNATTENDED} runs of this caller are going on in this server.")
        run = self._runs[key] = BackgroundRun(key, owner, anyio.current_time())
        self._background.start_soon(run.work, work)  # with the context of this call, so for this caller
        return run

    def _forget_old(self) -> None:
        before = anyio.current_time() - _RESULT_SECONDS
        for key, run in list(self._runs.items()):
            if run.done.is_set() and not run.followers and run.ended_at < before:
                del self._runs[key]


def run_key(tool: str, opened: OpenPortal, arguments: object) -> str:
    """Return the key of a run: the same for the same call of the same caller on the same portal."""
    parts = [tool, current_caller().identity, opened.gate.key, arguments]
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def running_form(run: BackgroundRun, notice: str | None, facts: Form, counted: str = "rows", note: str = "") -> Form:
    """Return the form of a run that goes on: how far it is and how fast.

    `facts` come first. `counted` is the key of the number of rows that are done.
    """
    form = head(True, notice) | {"running": True} | facts
    if run.phase:
        form["phase"] = run.phase
    form[counted] = run.rows
    if run.total is not None:
        form["total"] = run.total
    form |= run.facts
    form["per_second"] = round(run.per_second, 1)
    if run.total is not None and run.per_second > 0:
        form["seconds_left"] = round((run.total - run.rows) / run.per_second)
    again = "The run goes on in the server. Make exactly the same call again to follow it and to get its result."
    form["notes"] = [again, note] if note else [again]
    return form
