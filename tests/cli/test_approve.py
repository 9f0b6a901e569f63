"""`b24-mcp approve` at a terminal, and `b24-mcp call` for methods that need approval."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from b24_mcp.access import Approvals
from b24_mcp.access.approvals import PendingApproval
from b24_mcp.state import open_state
from tests.cli.conftest import PROGRAM, Run
from tests.loopback import SECRET, loopback_portal

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are of the POSIX family", allow_module_level=True)

SAID = f'On acme.example, call:\n- crm.deal.delete: it deletes\n  with {{"id": 5, "u": "/rest/1/{SECRET}/x"}}'


def wait_for_approval(said: str = SAID) -> str:
    async def ask() -> str:
        state = open_state(os.environ["B24_STATE"])
        code = await Approvals(state).ask(PendingApproval("digest", "ann", "Claude 1.0", "acme.example", said))
        await state.aclose()
        return code

    return asyncio.run(ask())


def is_approved() -> bool:
    async def look() -> bool:
        state = open_state(os.environ["B24_STATE"])
        found = await Approvals(state).is_approved("digest")
        await state.aclose()
        return found

    return asyncio.run(look())


def at_terminal(*arguments: str, typed: str) -> tuple[int, str]:
    """Run the program on its own terminal. Return its exit code and everything it wrote there."""
    import pty

    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, *arguments], stdin=follower, stdout=follower, stderr=follower, env=dict(os.environ)
    )
    os.close(follower)
    os.write(leader, typed.encode())
    written = b""
    while True:
        try:
            piece = os.read(leader, 65_536)
        except OSError:  # the terminal closes with the program
            break
        if not piece:
            break
        written += piece
    os.close(leader)
    return process.wait(60), written.decode()


def test_the_user_reads_the_call_and_approves_it_once() -> None:
    code = wait_for_approval()
    status, written = at_terminal("approve", code.lower(), typed="y\n")
    assert status == 0, written
    assert "Claude 1.0" in written
    assert "crm.deal.delete" in written
    assert SECRET not in written
    assert is_approved()
    status, written = at_terminal("approve", code, typed="y\n")
    assert status == 2
    assert "Nothing waits under this code" in written


@pytest.mark.parametrize("typed", ["n\n", "\n", "\x04"])
def test_anything_but_yes_approves_nothing(typed: str) -> None:
    code = wait_for_approval()
    status, _ = at_terminal("approve", code, typed=typed)
    assert status == 1
    assert not is_approved()


def test_without_a_terminal_nothing_is_approved(run: Run) -> None:
    code = wait_for_approval()
    result = run("approve", code, typed="y\n")
    assert result.returncode == 1
    assert "a person at a terminal" in result.stderr
    assert not is_approved()


def test_an_unknown_code_approves_nothing() -> None:
    status, written = at_terminal("approve", "ABCD2345", typed="y\n")
    assert status == 2
    assert "Nothing waits under this code" in written


def test_a_call_that_needs_approval_asks_at_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    with loopback_portal() as portal:
        monkeypatch.setenv("B24_WEBHOOK_URL", portal.address)
        delete = ("call", "crm.deal.delete", "-p", '{"id": 5}')
        status, written = at_terminal(*delete, typed="n\n")
        assert (status, portal.methods) == (1, [])
        assert "crm.deal.delete" in written
        status, _ = at_terminal(*delete, typed="y\n")
        assert (status, portal.methods) == (0, ["crm.deal.delete"])


def test_a_call_that_needs_approval_is_refused_without_a_terminal(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with loopback_portal() as portal:
        monkeypatch.setenv("B24_WEBHOOK_URL", portal.address)
        result = run("call", "crm.deal.delete", "-p", '{"id": 5}')
        assert json.loads(result.stdout)["error"]["code"] == "B24MCP_APPROVAL"
        assert portal.methods == []
        assert run("call", "crm.deal.delete", "-p", '{"id": 5}', "--yes").returncode == 0
        assert portal.methods == ["crm.deal.delete"]
        refused = run("call", "crm.deal.delete", "-p", '{"id": 6}', "--yes", B24_ACCESS="read")
        assert json.loads(refused.stdout)["error"]["kind"] == "policy"
        assert portal.methods == ["crm.deal.delete"]
    trail = "".join(file.read_text("utf-8") for file in (tmp_path / "audit").iterdir())
    assert [json.loads(line)["client"] for line in trail.splitlines()] == ["b24-mcp call"] * 2
