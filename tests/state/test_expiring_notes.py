"""The store of short-lived texts, in a file, in memory and in Redis: texts expire, and are taken once."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from b24_mcp.state import SharedState, open_state


def some_key() -> str:
    return f"note{os.urandom(4).hex()}"


async def test_a_text_expires_after_its_time(state: SharedState) -> None:
    key = some_key()
    await state.put_note(key, "удалить 5?", 1_000.0, seconds=600)
    assert await state.read_note(key, 1_599.0) == "удалить 5?"
    assert await state.read_note(key, 1_600.0) is None
    assert await state.take_note(key, 1_600.0) is None


async def test_hundreds_of_texts_can_be_stored_at_the_same_time(state: SharedState) -> None:
    async def put(key: str) -> None:
        await state.put_note(key, key, 1_000.0, seconds=600)

    keys = [some_key() for _ in range(300)]
    async with anyio.create_task_group() as tasks:
        for key in keys:
            tasks.start_soon(put, key)
    assert [await state.read_note(key, 1_001.0) for key in keys] == keys


async def test_a_text_can_be_read_repeatedly_and_taken_once(state: SharedState) -> None:
    key = some_key()
    await state.put_note(key, "yes", 1_000.0, seconds=600)
    assert [await state.read_note(key, 1_001.0) for _ in range(3)] == ["yes"] * 3
    assert await state.take_note(key, 1_001.0) == "yes"
    assert await state.take_note(key, 1_001.0) is None
    assert await state.read_note(key, 1_001.0) is None


async def test_a_later_text_replaces_the_earlier_one(state: SharedState) -> None:
    key = some_key()
    await state.put_note(key, "old", 1_000.0, seconds=5)
    await state.put_note(key, "new", 1_001.0, seconds=600)
    assert await state.read_note(key, 1_100.0) == "new"


async def test_one_of_many_concurrent_callers_takes_the_text(state: SharedState) -> None:
    key = some_key()
    await state.put_note(key, "yes", 1_000.0, seconds=600)
    taken: list[str | None] = []

    async def take() -> None:
        taken.append(await state.take_note(key, 1_001.0))

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(take)
    assert sorted(map(str, taken)) == ["None"] * 19 + ["yes"]


async def test_a_text_is_added_only_where_there_is_none(state: SharedState) -> None:
    key = some_key()
    added: list[bool] = []

    async def add(number: int) -> None:
        added.append(await state.add_note(key, str(number), 1_000.0, seconds=600))

    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(add, number)
    assert sorted(added) == [False] * 19 + [True]
    kept = await state.read_note(key, 1_001.0)
    assert not await state.add_note(key, "late", 1_001.0, seconds=600)
    assert await state.read_note(key, 1_001.0) == kept
    await state.take_note(key, 1_001.0)
    assert await state.add_note(key, "again", 1_001.0, seconds=600)


async def test_a_group_holds_its_texts_until_they_expire_or_are_taken(state: SharedState) -> None:
    group, first, second, third = some_key(), some_key(), some_key(), some_key()
    assert await state.read_group(group, 1_000.0) == {}
    await state.put_note(first, "one", 1_000.0, seconds=600, group=group)
    await state.put_note(second, "two", 1_000.0, seconds=60, group=group)
    await state.put_note(third, "of nobody", 1_000.0, seconds=600)
    assert await state.read_group(group, 1_001.0) == {first: "one", second: "two"}
    assert await state.read_group(f"{group}2", 1_001.0) == {}
    await state.put_note(first, "one again", 1_001.0, seconds=600, group=group)
    assert await state.read_group(group, 1_100.0) == {first: "one again"}
    await state.take_note(first, 1_100.0)
    assert await state.read_group(group, 1_100.0) == {}


async def test_a_group_keeps_only_its_newest_texts_when_asked(state: SharedState) -> None:
    group, other = some_key(), some_key()
    keys = [some_key() for _ in range(5)]
    await state.put_note(other, "of another group", 1_000.0, seconds=600, group=f"{group}2")
    for number, key in enumerate(keys):
        await state.put_note(key, key, 1_000.0 + number, seconds=600, group=group, newest=3)
    assert set(await state.read_group(group, 1_010.0)) == set(keys[2:])
    assert await state.read_note(keys[0], 1_010.0) is None
    assert await state.read_note(other, 1_010.0) == "of another group"


TAKER = """
import asyncio, sys
from b24_mcp.state import open_state
async def main():
    state = open_state(sys.argv[1])
    print(sum([await state.take_note(f"key{n}", 1.0) is not None for n in range(100)]))
asyncio.run(main())
"""


@pytest.mark.slow
async def test_each_text_is_taken_by_one_of_many_processes(tmp_path: Path) -> None:
    path = str(tmp_path / "limits.db")
    store = open_state(path)
    for number in range(100):
        await store.put_note(f"key{number}", "x", 0.0, seconds=600)
    await store.aclose()

    def race() -> int:
        command = [sys.executable, "-c", textwrap.dedent(TAKER), path]
        racers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
        return sum(int(racer.communicate(timeout=60)[0]) for racer in racers)

    assert await anyio.to_thread.run_sync(race) == 100
