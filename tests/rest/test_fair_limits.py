"""Limits when many calls compete: bursts, slow answers, bulk calls, processes that die, and a state that fails."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from b24_mcp.rest import parse_webhook
from b24_mcp.rest.limits.deadline import Deadline, SystemClock
from b24_mcp.rest.limits.limits import CONNECTIONS, Limits
from b24_mcp.state import open_state
from tests.fake_portal import CODE, FakeClock, FakePortal, Reply, open_portal

WEBHOOK = parse_webhook(f"https://acme.bitrix24.com/rest/1/{CODE}/")


class SteppedClock(FakeClock):
    """A clock that many tasks share: it moves to the next moment at which one of them wakes, in order."""

    def __init__(self) -> None:
        super().__init__(1_000.0)
        self._sleepers: list[tuple[float, int, anyio.Event]] = []
        self._number = 0

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await anyio.lowlevel.checkpoint()
            return
        self._number += 1
        entry = (self.time + seconds, self._number, anyio.Event())
        self._sleepers.append(entry)
        await entry[2].wait()

    async def run(self) -> None:
        """Move the time forward while the task runs."""
        while True:
            await everything_waits()
            if self._sleepers:
                entry = min(self._sleepers)
                self._sleepers.remove(entry)
                self.time = max(self.time, entry[0])
                entry[2].set()


async def everything_waits() -> None:
    """Return when no other task can run at this moment, and no thread works for one of them."""
    threads = anyio.to_thread.current_default_thread_limiter()
    quiet = 0
    while quiet < 200:
        await anyio.lowlevel.checkpoint()
        quiet = 0 if threads.borrowed_tokens else quiet + 1


@asynccontextmanager
async def running(clock: SteppedClock) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(clock.run)
        yield
        tasks.cancel_scope.cancel()


class LeakyBucket:
    """The portal's own count: one more for each request, draining all the time. Source: documentation, limits."""

    def __init__(self) -> None:
        self.level, self.at, self.refused, self.accepted = 0.0, 0.0, 0, 0

    def ask(self, now: float) -> bool:
        self.level = max(0.0, self.level - (now - self.at) * 2)
        self.at = now
        if self.level + 1 > 50:
            self.refused += 1
            return False
        self.level += 1
        self.accepted += 1
        return True


async def test_quick_calls_behind_slow_ones_are_not_sent_all_at_once() -> None:
    clock, bucket = SteppedClock(), LeakyBucket()
    limits = Limits(WEBHOOK, "basic", open_state("memory", clock.now), clock)

    async def call(seconds: float) -> None:
        async with limits.turn(["profile"], Deadline(clock, clock.now() + 300)):
            bucket.ask(clock.now())
            await clock.sleep(seconds)

    async with running(clock), anyio.create_task_group() as tasks:
        for _ in range(CONNECTIONS):
            tasks.start_soon(call, 50.0)
        for _ in range(120):
            tasks.start_soon(call, 0.1)
    assert (bucket.accepted, bucket.refused) == (CONNECTIONS + 120, 0)


async def test_a_bulk_list_keeps_its_share_beside_steady_single_calls() -> None:
    clock, bucket = SteppedClock(), LeakyBucket()
    limits = Limits(WEBHOOK, "basic", open_state("memory", clock.now), clock)
    done = {"bulk": 0, "people": 0}

    async def person() -> None:
        for _ in range(60):
            async with limits.turn(["profile"], Deadline(clock, clock.now() + 600)):
                bucket.ask(clock.now())
            done["people"] += 1

    async def bulk() -> None:
        while done["people"] < 60 * 6:
            async with limits.turn(["crm.deal.list"], Deadline(clock, clock.now() + 600, bulk=True)):
                bucket.ask(clock.now())
            done["bulk"] += 1

    async with running(clock), anyio.create_task_group() as tasks:
        for _ in range(6):
            tasks.start_soon(person)
        tasks.start_soon(bulk)
    seconds = clock.now() - 1_000
    assert bucket.refused == 0
    assert done["bulk"] >= 2 * seconds / 8, "at least one request in eight belongs to a list that reads page by page"
    assert done["people"] > done["bulk"] * 2, "people still come first"


async def test_places_of_a_process_that_was_killed_are_free_within_seconds(tmp_path: Path) -> None:
    """A call waiting in the queue of its process has not reserved a place far ahead."""
    clock = SteppedClock()
    path = str(tmp_path / "limits.db")
    dying = Limits(WEBHOOK, "basic", open_state(path, clock.now), clock)

    async def call() -> None:
        async with dying.turn(["profile"], Deadline(clock, clock.now() + 300)):
            pass

    async with anyio.create_task_group() as tasks:  # time stands still: the calls are killed while they wait
        for _ in range(140):
            tasks.start_soon(call)
        await anyio.sleep(0.2)
        tasks.cancel_scope.cancel()
        dying.state.give_back = never  # type: ignore[method-assign]  # a killed process releases nothing
    other = Limits(WEBHOOK, "basic", open_state(path, clock.now), clock)
    async with running(clock), other.turn(["profile"], Deadline(clock, clock.now() + 300)):
        pass
    assert clock.now() - 1_000 <= 5
    await other.state.aclose()
    await dying.state.aclose()


async def never(key: str) -> None:
    return None


def garbage(path: Path) -> None:
    path.write_bytes(b"this is no database at all" * 400)


def read_only_folder(path: Path) -> None:
    path.parent.rmdir()
    path.parent.symlink_to("/proc/1")


def a_folder_in_its_place(path: Path) -> None:
    path.mkdir()


def held_lock(path: Path) -> None:
    holding = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    holding.execute("PRAGMA journal_mode = WAL")
    holding.execute("BEGIN EXCLUSIVE")
    HELD.append(holding)


HELD: list[sqlite3.Connection] = []


@pytest.mark.parametrize("spoil", [garbage, read_only_folder, a_folder_in_its_place, held_lock])
async def test_limits_are_kept_inside_the_process_if_the_shared_state_cannot_be_used(
    spoil: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "state" / "limits.db"
    path.parent.mkdir()
    spoil(path)
    clock = FakeClock()
    fake = FakePortal([Reply({"result": 1})] * 60)
    state = open_state(str(path), clock.now)
    async with open_portal(fake, clock=clock, plan="basic", state=state, deadline=100) as portal:
        answers = [await portal.call("profile") for _ in range(45)]
    assert sum(clock.slept) >= 3, "45 calls do not fit into the 38 places"
    warned = [bool(answer.warnings) for answer in answers]
    assert warned == [spoil is not garbage] * 45
    for connection in HELD:
        connection.close()
    HELD.clear()


async def test_a_garbage_file_is_renamed_and_created_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "limits.db"
    garbage(path)
    state = open_state(str(path))
    await state.put_note("k", "text", 1.0, seconds=60)
    assert await state.read_note("k", 2.0) == "text"
    assert any("damaged" in name for name in os.listdir(tmp_path))
    assert "created again" in caplog.text
    await state.aclose()


async def test_a_file_that_is_damaged_while_it_is_used_is_created_again(tmp_path: Path) -> None:
    path = tmp_path / "limits.db"
    state, second = open_state(str(path)), open_state(str(path))
    await state.put_note("k", "old", 1.0, seconds=60)
    os.replace(_other_garbage(tmp_path), path)
    await state.put_note("k", "new", 1.0, seconds=60)
    assert await second.read_note("k", 2.0) == "new"
    await state.aclose()
    await second.aclose()


def _other_garbage(folder: Path) -> Path:
    other = folder / "other"
    garbage(other)
    return other


async def test_a_file_that_was_replaced_is_shared_again_by_all(tmp_path: Path) -> None:
    path = tmp_path / "limits.db"
    state = open_state(str(path))
    await state.put_note("k", "old", 1.0, seconds=60)
    path.unlink()
    second = open_state(str(path))
    await second.put_note("k", "of the new file", 1.0, seconds=60)
    assert await state.read_note("k", 2.0) == "of the new file"
    await state.aclose()
    await second.aclose()


async def test_a_held_lock_delays_the_first_call_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "limits.db"
    held_lock(path)
    waits: list[Any] = []
    real: Callable[..., sqlite3.Connection] = sqlite3.connect

    def counting(*arguments: Any, **options: Any) -> sqlite3.Connection:
        waits.append(options["timeout"])
        return real(*arguments, **options | {"timeout": 0.01})

    monkeypatch.setattr(sqlite3, "connect", counting)
    state = open_state(str(path))
    for _ in range(10):
        with pytest.raises(OSError, match="cannot be used"):
            await state.read_note("k", 1.0)
    assert len(waits) == 1, "the others do not wait for the lock again"
    assert waits[0] <= 2
    HELD.pop().close()
    await state.aclose()


@pytest.mark.parametrize("wrong_by", [-86_400.0, 86_400.0])
async def test_working_time_is_counted_by_the_portals_clock(wrong_by: float) -> None:
    clock = FakeClock()
    told_at = clock.now() + wrong_by
    busy = {"result": 1, "time": {"operating": 480, "operating_reset_at": int(told_at) + 30, "finish": int(told_at)}}
    fake = FakePortal([Reply(busy), Reply({"result": 2})])
    async with open_portal(fake, clock=clock, deadline=100) as portal:
        await portal.call("crm.deal.list")
        await portal.call("crm.deal.list")
    assert sum(clock.slept) == pytest.approx(30, abs=1)


async def test_a_clock_that_is_set_while_calls_wait_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [5_000.0]
    monkeypatch.setattr(time, "time", lambda: moment[0])
    clock = SystemClock()
    before = clock.now()
    moment[0] -= 86_400
    assert 0 <= clock.now() - before < 60
    moment[0] += 10 * 86_400
    assert 0 <= clock.now() - before < 60


async def test_limits_are_kept_inside_the_process_if_redis_is_gone() -> None:
    clock = FakeClock()
    fake = FakePortal([Reply({"result": 1})] * 60)
    state = open_state("redis://127.0.0.1:1/0")
    async with open_portal(fake, clock=clock, plan="basic", state=state, deadline=100) as portal:
        answers = [await portal.call("profile") for _ in range(45)]
    assert sum(clock.slept) >= 3
    assert all("not shared" in answer.warnings[-1] for answer in answers)
