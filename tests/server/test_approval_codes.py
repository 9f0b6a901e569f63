"""An approved request is repeated by its code: of the same caller, on the same portal, once, and only as approved."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from b24_mcp.access import Approvals
from b24_mcp.access.caller import CALLER, Caller
from b24_mcp.secrets import Redactor
from b24_mcp.server import tooling
from b24_mcp.server.mcp_server import build_server
from b24_mcp.state import open_state
from tests.loopback import SECRET, LoopbackPortal
from tests.server.conftest import CallTool
from tests.server.test_access import approve, code_in, sent

DELETE: dict[str, Any] = {"method": "crm.deal.delete", "params": {"id": 5}}
BATCH = {"commands": {"a": DELETE, "b": {"method": "crm.deal.delete", "params": {"id": 6}}}}


def deletes(portal: LoopbackPortal) -> int:
    """The number of deletes that reached the portal, alone or in a batch."""
    return sum(f"{call.method} {call.params}".count("crm.deal.delete") for call in portal.calls)


@pytest.fixture
def shared(portal: LoopbackPortal, tmp_path: Path) -> Path:
    """The file of the state that the server and the terminal share."""
    return tmp_path / "state" / "limits.db"


@pytest.mark.parametrize(("tool", "arguments", "count"), [("call_method", DELETE, 1), ("batch_call", BATCH, 2)])
async def test_the_code_alone_repeats_the_approved_request_once(
    call_tool: CallTool, portal: LoopbackPortal, tmp_path: Path, tool: str, arguments: dict[str, Any], count: int
) -> None:
    refused = await call_tool(tool, **arguments)
    code = code_in(refused)
    assert f'{{"approval": "{code}"}} alone' in refused["error"]["hint"]
    assert await approve(code, tmp_path)
    answer = await call_tool(tool, approval=code.lower())
    assert answer["ok"] is True
    assert deletes(portal) == count
    again = await call_tool(tool, approval=code)
    assert again["error"]["code"] == "B24MCP_APPROVAL"
    assert "used already" in again["error"]["message"]
    assert deletes(portal) == count


async def test_a_code_that_nobody_approved_does_nothing(call_tool: CallTool, portal: LoopbackPortal) -> None:
    code = code_in(await call_tool("call_method", **DELETE))
    for given in (code, "ABCDEFGH", "x" * 200, "../../x"):
        error = (await call_tool("call_method", approval=given))["error"]
        assert (error["code"], error["executed"]) == ("B24MCP_APPROVAL", "no")
    assert "not approved" in (await call_tool("call_method", approval=code))["error"]["message"]
    assert sent(portal) == []


async def test_the_whole_call_uses_the_approval_up_for_its_code_as_well(
    call_tool: CallTool, portal: LoopbackPortal, tmp_path: Path
) -> None:
    code = code_in(await call_tool("call_method", **DELETE))
    await approve(code, tmp_path)
    assert (await call_tool("call_method", **DELETE, approval=code))["ok"] is True
    assert (await call_tool("call_method", approval=code))["ok"] is False
    assert sent(portal) == ["crm.deal.delete"]


async def test_other_arguments_beside_the_code_are_another_call(
    call_tool: CallTool, portal: LoopbackPortal, tmp_path: Path
) -> None:
    code = code_in(await call_tool("call_method", **DELETE))
    await approve(code, tmp_path)
    other = await call_tool("call_method", method="crm.deal.delete", params={"id": 6}, approval=code)
    assert other["error"]["code"] == "B24MCP_APPROVAL"
    assert sent(portal) == []


async def test_the_code_of_one_caller_is_of_no_use_to_another(
    portal: LoopbackPortal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Client(build_server(Redactor())) as client:

        async def call(who: str, **arguments: Any) -> Any:
            monkeypatch.setattr(tooling, "caller_of", lambda _: Caller(who))
            (block,) = (await client.call_tool("call_method", arguments)).content
            return json.loads(getattr(block, "text", ""))

        code = code_in(await call("ann", **DELETE))
        assert "not approved" not in (await call("bob", approval=code))["error"]["message"]
        await approve(code, tmp_path)
        assert (await call("bob", approval=code))["ok"] is False
        assert sent(portal) == []
        assert (await call("ann", approval=code))["ok"] is True
    assert CALLER.get() is None


async def test_an_approval_that_expired_is_not_used(
    call_tool: CallTool, portal: LoopbackPortal, shared: Path, tmp_path: Path
) -> None:
    code = code_in(await call_tool("call_method", **DELETE))
    state = open_state(str(shared))
    await Approvals(state, lambda: time.time() - 590).approve(code)
    await Approvals(state, lambda: time.time() + 590).is_approved("x")
    await state.aclose()
    with sqlite3.connect(shared) as db:
        db.execute("UPDATE note SET until = until - 600 WHERE key LIKE 'approval:%'")
    assert (await call_tool("call_method", approval=code))["ok"] is False
    assert sent(portal) == []


async def test_the_stored_request_is_private_and_deleted_with_its_use(
    call_tool: CallTool, portal: LoopbackPortal, shared: Path, tmp_path: Path
) -> None:
    secret = "correct-horse-battery"
    params = {"ID": 1, "EMAIL": "ann@example.com", "PERSONAL_NOTES": secret}
    code = code_in(await call_tool("call_method", method="user.update", params=params, validate=False))
    assert stat.S_IMODE(os.stat(shared).st_mode) == 0o600
    await approve(code, tmp_path)
    await call_tool("call_method", approval=code)
    with sqlite3.connect(shared) as db:
        notes = db.execute("SELECT text FROM note WHERE key LIKE 'approval:%'").fetchall()
    assert not any(secret in text for (text,) in notes)


async def test_a_request_with_a_secret_of_the_portal_is_not_stored(
    call_tool: CallTool, portal: LoopbackPortal, shared: Path, tmp_path: Path
) -> None:
    params = {"ID": 1, "EMAIL": "ann@example.com", "PERSONAL_NOTES": f"see {SECRET}"}
    refused = await call_tool("call_method", method="user.update", params=params)
    assert "make exactly the same call once more" in refused["error"]["hint"]
    code = code_in(refused)
    await approve(code, tmp_path)
    with sqlite3.connect(shared) as db:
        notes = db.execute("SELECT text FROM note").fetchall()
    assert not any(SECRET in text for (text,) in notes)
    assert (await call_tool("call_method", approval=code))["ok"] is False
    assert (await call_tool("call_method", method="user.update", params=params))["ok"] is True


async def test_without_a_code_the_arguments_are_required(call_tool: CallTool) -> None:
    error = (await call_tool("call_method"))["error"]
    assert error["validation"] == [{"field": "method", "message": "is required but missing"}]
    assert "commands: is required" in (await call_tool("batch_call"))["error"]["message"]
