"""Lines and answers pass unchanged through pipes, sockets and files, however slowly the other side works."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from anyio.to_thread import run_sync
from hypothesis import given
from hypothesis import strategies as st

from b24_mcp.server.pipes import InputLines, Output
from tests.server.test_stdio import INITIALIZE, PATIENCE, ask, server

posix = pytest.mark.skipif(sys.platform == "win32", reason="pipes have no events there")
Ends = tuple[int, int]


@pytest.fixture(params=["pipe", "socket"])
def ends(request: pytest.FixtureRequest) -> Iterator[Ends]:
    """The descriptors to read from and to write to."""
    if request.param == "socket":
        reading, writing = (one.detach() for one in socket.socketpair())
    else:
        reading, writing = os.pipe()
    yield reading, writing
    for number in (reading, writing):
        with suppress(OSError):  # the test may have closed it
            os.close(number)


@posix
async def test_a_long_answer_waits_for_a_slow_reader_and_the_next_one_follows_it(ends: Ends) -> None:
    reading, writing = ends
    output = Output(writing)
    long = b"x" * 3_000_000 + b"\n"
    got = bytearray()
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(output.write, long)
            tasks.start_soon(output.write, b"next\n")
            await anyio.wait_all_tasks_blocked()  # both writes wait, and the event loop is not blocked
            while not got.endswith(b"next\n"):
                got += await run_sync(os.read, reading, 1 << 16)
    assert got == long + b"next\n"


@posix
async def test_a_cancelled_task_does_not_leave_half_a_message(ends: Ends) -> None:
    reading, writing = ends
    output, scope = Output(writing), anyio.CancelScope()

    async def write() -> None:
        with scope:
            await output.write(b"x" * 1_000_000 + b"\n")

    got = bytearray()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write)
        await anyio.wait_all_tasks_blocked()
        scope.cancel()
        while not got.endswith(b"\n"):
            got += await run_sync(os.read, reading, 1 << 16)
    assert len(got) == 1_000_001


@posix
async def test_writing_fails_when_the_reader_has_closed_its_side(ends: Ends) -> None:
    os.close(ends[0])
    with pytest.raises(BrokenPipeError):
        await Output(ends[1]).write(b"answer\n")


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=12))
def test_lines_do_not_depend_on_the_pieces_in_which_they_arrive(pieces: list[bytes]) -> None:
    async def lines() -> list[bytes]:
        reading, writing = os.pipe()
        try:
            found = []

            async def read() -> None:
                found.extend([line async for line in InputLines(reading)])

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(read)
                for piece in pieces:
                    os.write(writing, piece)
                    for _ in range(4):  # the reader takes this piece
                        await anyio.lowlevel.checkpoint()
                os.close(writing)
            return found
        finally:
            os.close(reading)

    whole = b"".join(pieces).split(b"\n")
    assert anyio.run(lines) == (whole if whole[-1] else whole[:-1])


def test_input_and_output_can_be_files(tmp_path: Path) -> None:
    lines = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE},
        {"jsonrpc": "2.0", "id": 2, "method": "ping"},
    ]
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_text("\n".join(map(json.dumps, lines)))
    with source.open() as stdin, target.open("w") as stdout:
        done = subprocess.run(
            [sys.executable, "-m", "b24_mcp"], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, timeout=PATIENCE
        )
    assert done.stderr == b""
    answers = [json.loads(line) for line in target.read_text().splitlines()]
    assert answers[0]["result"]["serverInfo"]["name"] == "b24-mcp"


def test_what_other_code_prints_does_not_reach_the_client() -> None:
    code = """
import os, subprocess, sys
from b24_mcp.server import stdio

class Noisy(stdio.InputLines):
    def __init__(self, descriptor):
        print("printed", flush=True)
        os.write(1, b"written\\n")
        subprocess.run([sys.executable, "-c", "print('by a child')"])
        super().__init__(descriptor)

stdio.InputLines = Noisy
stdio.serve_stdio()
"""
    with server("-c", code) as process:
        assert ask(process, "initialize", INITIALIZE)["serverInfo"]["name"] == "b24-mcp"
        out, errors = process.communicate("", PATIENCE)
    assert out == ""
    assert errors.splitlines() == ["printed", "written", "by a child"]


def test_the_process_ends_when_the_client_closes_the_output() -> None:
    with server() as process:
        ask(process, "initialize", INITIALIZE)
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.close()
        process.stdin.write('{"jsonrpc": "2.0", "id": 2, "method": "ping"}\n')
        process.stdin.flush()
        assert process.wait(PATIENCE) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
        process.stdout = None
