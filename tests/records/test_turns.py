"""The limit of concurrent queries: shared between callers; other queries wait or are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24_mcp.errors import B24Error
from b24_mcp.records import DataSetLibrary, RecordsFile, Turns, ask, export, place_of
from b24_mcp.records.query import SqlQuery
from tests.records.conftest import deals, keep


class Held:
    """Queries that hold their place until the test releases them, by name."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self.running: list[str] = []
        self.busy: list[tuple[str, bool, str]] = []
        self._ends: dict[str, anyio.Event] = {}

    async def run(self, name: str, caller: str = "ann", is_export: bool = False) -> None:
        self._ends[name] = anyio.Event()
        try:
            async with self._turns.turn(caller, is_export=is_export):
                self.running.append(name)
                await self._ends[name].wait()
            self.running.remove(name)
        except B24Error as exc:
            self.busy.append((exc.fault.code, exc.fault.retryable, exc.fault.executed))

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await anyio.wait_all_tasks_blocked()


async def test_the_next_place_goes_to_the_caller_who_has_the_fewest() -> None:
    held = Held(Turns(2, per_caller=2))
    async with anyio.create_task_group() as tasks:
        for name, caller in (("a1", "ann"), ("a2", "ann"), ("a3", "ann"), ("b1", "bob"), ("a4", "ann")):
            tasks.start_soon(held.run, name, caller)
            await anyio.wait_all_tasks_blocked()
        assert held.running == ["a1", "a2"]
        await held.end("a1")
        assert held.running == ["a2", "b1"]
        await held.end("a2")
        assert held.running == ["b1", "a3"]
        tasks.cancel_scope.cancel()


async def test_one_caller_leaves_a_place_for_others() -> None:
    held = Held(Turns(4, per_caller=3))
    async with anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(held.run, f"a{number}")
        await anyio.wait_all_tasks_blocked()
        assert held.running == ["a0", "a1", "a2"]
        tasks.start_soon(held.run, "b", "bob")
        await anyio.wait_all_tasks_blocked()
        assert held.running[-1] == "b"
        tasks.cancel_scope.cancel()


async def test_exports_leave_places_for_other_queries() -> None:
    held = Held(Turns(3, per_caller=3, exports=1))
    async with anyio.create_task_group() as tasks:
        for name in ("e1", "e2"):
            tasks.start_soon(held.run, name, name, True)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(held.run, "q")
        await anyio.wait_all_tasks_blocked()
        assert held.running == ["e1", "q"]
        await held.end("e1")
        assert held.running == ["q", "e2"]
        tasks.cancel_scope.cancel()


async def test_a_query_without_a_place_in_time_is_refused_as_busy() -> None:
    held = Held(Turns(1, patience=0))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(held.run, "first")
        await anyio.wait_all_tasks_blocked()
        await held.run("second")
        assert held.busy == [("B24MCP_QUERY_BUSY", True, "no")]
        await held.end("first")
        tasks.start_soon(held.run, "third")
        await anyio.wait_all_tasks_blocked()
        assert held.running == ["third"]
        tasks.cancel_scope.cancel()


async def test_the_queue_is_bounded_in_all_and_for_each_caller() -> None:
    held = Held(Turns(1))
    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(held.run, f"a{number}", "ann")
        await anyio.wait_all_tasks_blocked()
        assert len(held.busy) == 20 - 1 - 8
        for number in range(50):
            tasks.start_soon(held.run, f"o{number}", f"other {number}")
        await anyio.wait_all_tasks_blocked()
        assert len(held.busy) == 70 - 1 - 32
        tasks.cancel_scope.cancel()


async def test_a_cancelled_query_releases_its_place() -> None:
    turns = Turns(1)
    held = Held(turns)
    async with anyio.create_task_group() as all_tasks:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(held.run, "running")
            tasks.start_soon(held.run, "waiting")
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        all_tasks.start_soon(held.run, "next")
        await anyio.wait_all_tasks_blocked()
        assert held.running[-1] == "next"
        all_tasks.cancel_scope.cancel()


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(["query", "export", "end", "cancel"]), st.integers(0, 7)), max_size=40))
def test_every_place_is_used_and_no_more(steps: list[tuple[str, int]]) -> None:
    async def run() -> None:
        turns = Turns(3, per_caller=2, exports=1)
        held = Held(turns)
        scopes: dict[str, anyio.CancelScope] = {}
        about: dict[str, tuple[str, bool]] = {}

        async def one(name: str) -> None:
            with anyio.CancelScope() as scopes[name]:
                try:
                    await held.run(name, *about[name])
                finally:
                    about.pop(name)
                    if name in held.running:
                        held.running.remove(name)

        async with anyio.create_task_group() as tasks:
            for place, (step, number) in enumerate(steps):
                if step in ("query", "export"):
                    about[str(place)] = (f"caller {number % 3}", step == "export")
                    tasks.start_soon(one, str(place))
                elif step == "end" and held.running:
                    await held.end(held.running[number % len(held.running)])
                elif step == "cancel" and about:
                    scopes[list(about)[number % len(about)]].cancel()
                await anyio.wait_all_tasks_blocked()
                running = [about[name] for name in held.running]
                callers = [caller for caller, _ in running]
                exports = sum(is_export for _, is_export in running)
                assert len(running) <= 3
                assert exports <= 1
                assert all(callers.count(caller) <= 2 for caller in callers)
                for name in about.keys() - set(held.running):
                    caller, is_export = about[name]
                    assert len(running) == 3 or callers.count(caller) == 2 or (is_export and exports == 1)
            tasks.cancel_scope.cancel()

    anyio.run(run)


async def test_queries_and_exports_of_all_libraries_share_the_places(
    library: DataSetLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(library, "deals", deals(1, 3))
    other = DataSetLibrary(library.store, library._redactor, library.turns)
    library.turns._patience = 0
    go_on, most, running = anyio.Event(), 0, 0
    with_rows = SqlQuery.with_rows

    async def held(query: SqlQuery, work: Any) -> Any:
        nonlocal most, running
        running += 1
        most = max(most, running)
        await go_on.wait()
        try:
            return await with_rows(query, work)
        finally:
            running -= 1

    monkeypatch.setattr(SqlQuery, "with_rows", held)
    done: list[Any] = []

    async def question(of: DataSetLibrary, number: int) -> None:
        done.append(await ask(of, "SELECT count(*) FROM deals", rows=1, characters=100, caller=str(number)))

    async def file(number: int) -> None:
        done.append(
            await export(library, "SELECT * FROM deals", place_of(tmp_path / f"{number}.parquet"), caller=str(number))
        )

    async with anyio.create_task_group() as tasks:
        for number in range(2):
            tasks.start_soon(file, number)
            tasks.start_soon(question, (library, other)[number], number)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(B24Error, match="B24MCP_QUERY_BUSY"):
            await question(other, 9)
        with pytest.raises(B24Error, match="B24MCP_QUERY_BUSY"):
            await file(9)
        go_on.set()
    assert (most, len(done)) == (4, 4)
    await question(other, 9)


async def test_each_part_of_an_answer_is_small_even_with_long_texts(library: DataSetLibrary) -> None:
    await keep(library, "deals", deals(1, 100))
    sizes: list[int] = []

    def look(query: SqlQuery, parts: Any) -> int:
        rows = 0
        for part in parts:
            sizes.append(sum(len(str(value)) for row in part for value in row))
            rows += len(part)
        return rows

    assert isinstance(library.store, RecordsFile)
    sql = "SELECT printf('%.100000c', 'x') FROM deals"
    assert await SqlQuery(library.store.path, sql, rows=None, seconds=15).with_rows(look) == 100
    assert max(sizes) < 2 << 20
    wide = ", ".join(["printf('%.4000000c', 'x')"] * 5)
    with pytest.raises(B24Error) as caught:
        await ask(library, f"SELECT {wide} FROM deals", rows=1, characters=100)
    assert caught.value.fault.code == "B24MCP_SQL_LIMIT"
