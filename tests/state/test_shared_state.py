"""The shared state, in a file and in Redis: the same rule in both, for any number of processes."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.state import Bucket, Charge, LimitState, open_state
from b24_mcp.state.limits import take_turn
from tests.state.conftest import Ticker

BUCKET = Bucket(10, 2)


async def take(state: LimitState, key: str, keep_free: float = 0, longest: float = 1e9) -> tuple[bool, float]:
    turn = await state.take(key, BUCKET, keep_free=keep_free, longest_wait=longest)
    return turn.granted, round(turn.wait, 3)


async def test_requests_within_the_capacity_go_at_once_and_others_queue(state: LimitState, ticker: Ticker) -> None:
    key = f"queue{os.urandom(4).hex()}"
    assert [await take(state, key) for _ in range(10)] == [(True, 0.0)] * 10
    assert [await take(state, key) for _ in range(3)] == [(True, 0.5), (True, 1.0), (True, 1.5)]
    assert await take(state, key, longest=1.0) == (False, 2.0)
    ticker.time = 200.0
    assert await take(state, key) == (True, 0.0)


async def test_a_caller_that_leaves_places_free_does_not_queue(state: LimitState) -> None:
    key = f"bulk{os.urandom(4).hex()}"
    assert [await take(state, key, keep_free=4) for _ in range(7)] == [(True, 0.0)] * 6 + [(False, 0.5)]
    assert await take(state, key) == (True, 0.0)


async def test_a_returned_place_can_be_reserved_again(state: LimitState) -> None:
    key = f"back{os.urandom(4).hex()}"
    for _ in range(10):
        await take(state, key)
    await state.give_back(key)
    assert await take(state, key) == (True, 0.0)


async def test_a_refusal_fills_the_bucket(state: LimitState) -> None:
    key = f"full{os.urandom(4).hex()}"
    await state.fill(key, BUCKET)
    assert await take(state, key) == (True, 0.5)


async def test_a_clock_that_begins_again_neither_blocks_nor_floods(state: LimitState, ticker: Ticker) -> None:
    """The clock counts from the start of the computer: after a restart it shows less than the stored times."""
    key = f"clock{os.urandom(4).hex()}"
    ticker.time = 1_000.0
    for _ in range(10):
        await take(state, key)
    await state.charge(key, Charge(480.0, 600.0))
    ticker.time = 10.0
    assert await take(state, key) == (True, 0.5)
    assert await state.charges([key]) == {}
    ticker.time = 20.0
    assert await take(state, key) == (True, 0.0)


async def test_charges_are_kept_by_key_until_they_expire(state: LimitState, ticker: Ticker) -> None:
    key = f"charge{os.urandom(4).hex()}"
    assert await state.charges([key]) == {}
    await state.charge(key, Charge(12.5, 300.0))
    await state.charge(key, Charge(13.5, 300.0))
    assert await state.charges([key, key + "x"]) == {key: Charge(13.5, 300.0)}
    assert await state.charges([]) == {}
    ticker.time += 100
    assert await state.charges([key]) == {key: Charge(13.5, 200.0)}
    ticker.time += 200
    assert await state.charges([key]) == {}


async def test_concurrent_tasks_never_get_the_same_place(state: LimitState) -> None:
    key = f"at-once{os.urandom(4).hex()}"
    waits = await asyncio.gather(*(take(state, key) for _ in range(40)))
    assert sorted(wait for _, wait in waits) == [0.0] * 10 + [0.5 * n for n in range(1, 31)]


TAKER = """
    import asyncio, sys
    from b24_mcp.state import Bucket, open_state

    async def main():
        state = open_state(sys.argv[1], lambda: 100.0)
        while True:
            await state.take("shared", Bucket(10, 2), keep_free=0, longest_wait=1e9)
            print("took", flush=True)

    asyncio.run(main())
"""


def take_and_be_killed(path: str) -> int:
    """Run three processes that reserve places until they are killed. Return the number that they reported."""
    command = [sys.executable, "-c", textwrap.dedent(TAKER), path]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    taken = 0
    for process in processes:
        assert process.stdout is not None
        for _ in range(20):
            assert process.stdout.readline() == "took\n"
        process.send_signal(signal.SIGKILL)
        taken += 20 + len(process.stdout.read().splitlines())
        process.wait()
        process.stdout.close()
    return taken


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
async def test_processes_that_are_killed_at_any_point_leave_nothing_locked(tmp_path: Path) -> None:
    path = str(tmp_path / "limits.db")
    taken = await anyio.to_thread.run_sync(take_and_be_killed, path)
    state = open_state(path, lambda: 100.0)
    with anyio.fail_after(5):
        _, wait = await take(state, "shared")
    await state.aclose()
    # Each process may have taken one place that it did not live to tell of.
    assert 0.5 * (taken - 9) <= wait <= 0.5 * (taken - 9 + 3)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps rights another way")
async def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "made" / "limits.db"
    state = open_state(str(path))
    await state.charge("x", Charge(1, 2))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    await state.aclose()


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="B24_STATE"):
        open_state("https://example.com")


async def test_an_unreachable_redis_is_an_os_error() -> None:
    state = open_state("redis://127.0.0.1:1/0")
    with pytest.raises(OSError, match="Redis"):
        await take(state, "x")
    await state.aclose()


@given(
    st.lists(st.tuples(st.floats(0, 5), st.booleans()), min_size=1, max_size=120),
    st.integers(1, 20),
    st.floats(0.1, 10),
)
def test_granted_places_never_overfill_the_bucket(asks: list[tuple[float, bool]], capacity: int, rate: float) -> None:
    bucket, now, level, at = Bucket(capacity, rate), 0.0, 0.0, 0.0
    due: list[float] = []
    for pause, polite in asks:
        now += pause
        turn, level = take_turn(level, now - at, bucket, keep_free=1.0 if polite else 0.0, longest_wait=1e9)
        at = now
        if turn.granted:
            due.append(now + turn.wait)
    filled, last = 0.0, 0.0
    for moment in sorted(due):
        filled = max(0.0, filled - (moment - last) * rate) + 1
        last = moment
        assert filled <= capacity + 1e-6
