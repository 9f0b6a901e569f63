"""Processes that are killed while they renew tokens, and processes that renew at the same time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from b24_mcp.state import Tokens, open_tokens
from tests.loopback import LoopbackPortal, loopback_portal

HOME = Path(__file__).parent.parent.parent.parent
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")


@pytest.fixture
def portal() -> Iterator[LoopbackPortal]:
    with loopback_portal(empty=True) as served:
        yield served


@pytest.fixture
def state(tmp_path: Path) -> str:
    return str(tmp_path / "state" / "limits.db")


def put(portal: LoopbackPortal, state: str) -> Tokens:
    """Store a login whose access token has expired."""
    issued, known = portal.sandbox.portal.oauth.issue(), portal.sandbox.application
    tokens = Tokens(
        client_id=known.client_id,
        member_id=known.member_id,
        access_token=issued.access_token,
        refresh_token=issued.refresh_token,
        expires=time.time() - 10,
        endpoint=portal.origin,
        server=portal.origin,
    )

    async def keep() -> None:
        store = open_tokens(state)
        async with store.alone("crashing") as lease:
            await lease.write(tokens)
        await store.aclose()

    anyio.run(keep)
    return tokens


def command(portal: LoopbackPortal, state: str, point: str) -> dict[str, Any]:
    known = portal.sandbox.application
    arguments = [point, portal.origin, state, known.client_id, known.client_secret]
    return {
        "args": [sys.executable, "-m", "tests.rest.oauth.renewing", *arguments],
        "cwd": HOME,
        "env": dict(os.environ),
        "text": True,
    }


def run(portal: LoopbackPortal, state: str, point: str) -> tuple[int, str]:
    done = subprocess.run(**command(portal, state, point), capture_output=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout.strip()


@pytest.mark.parametrize(
    ("point", "renewals"),
    [
        ("before the mark is written", 1),
        ("half of the mark is written", 1),
        ("before the request", 1),
        ("before the pair is on the disk", 1),
        ("before the pair is in its place", 1),
        ("after the pair is in its place", 1),
        ("before the pair is used", 1),
    ],
)
def test_killing_a_process_at_these_points_loses_no_login(
    portal: LoopbackPortal, state: str, point: str, renewals: int
) -> None:
    put(portal, state)
    assert run(portal, state, point) == (-signal.SIGKILL, "")
    assert run(portal, state, "never") == (0, "1")
    assert run(portal, state, "never") == (0, "1")
    assert portal.renewals == renewals


@pytest.mark.parametrize("point", ["after the answer", "half of the pair is written"])
def test_killing_a_process_between_the_servers_decision_and_storing_it_is_reported(
    portal: LoopbackPortal, state: str, point: str
) -> None:
    """The old refresh token is used up, and the new one was only in the memory of the killed process."""
    put(portal, state)
    assert run(portal, state, point) == (-signal.SIGKILL, "")
    code, said = run(portal, state, "never")
    assert code == 0
    assert said.startswith("invalid_grant auth")
    assert "got no answer" in said


def test_no_login_is_lost_when_the_server_accepts_an_old_refresh_token_once_more(
    portal: LoopbackPortal, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next process sends the same refresh token."""
    oauth = portal.sandbox.portal.oauth
    monkeypatch.setattr(oauth, "_forget", lambda kind, token: None)
    put(portal, state)
    assert run(portal, state, "after the answer") == (-signal.SIGKILL, "")
    assert run(portal, state, "never") == (0, "1")
    assert portal.renewals == 2


@pytest.mark.parametrize("where", ["file", "redis"])
def test_four_concurrent_processes_renew_once(
    portal: LoopbackPortal, state: str, where: str, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue("redis_url") if where == "redis" else state
    put(portal, address)
    options = {**command(portal, address, "go"), "stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    processes: list[subprocess.Popen[str]] = [subprocess.Popen(**options) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate()[0].strip() for process in processes]
    assert said == ["1"] * 4
    assert portal.renewals == 1
