"""Restrictions that cannot be read: the tools are listed, every call is refused, and the message names the variable.

`WRONG` is the list: a name and a value in the environment or the file of settings, and the setting the message names.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from anyio.to_thread import run_sync
from hypothesis import example, given
from hypothesis import strategies as st
from mcp import Client

from b24_mcp.config import load_overview
from b24_mcp.config.environment import RESTRICTIONS, misspelt_restriction
from b24_mcp.config.environment.restrictions import edit_distance
from b24_mcp.config.settings import Settings
from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from tests.loopback import LoopbackPortal
from tests.server.conftest import CallTool

WRONG = [
    # Not filled in
    ("B24_ACCESS", "${B24_ACCESS}", "B24_ACCESS"),
    ("B24_ACCESS", "${env:B24_ACCESS}", "B24_ACCESS"),
    ("B24_ACCESS", "${input:access}", "B24_ACCESS"),
    ("B24_ACCESS", "$B24_ACCESS", "B24_ACCESS"),
    ("B24_ACCESS", "%B24_ACCESS%", "B24_ACCESS"),
    ("B24_ACCESS", "{{access}}", "B24_ACCESS"),
    ("B24_ALLOW", "${B24_ALLOW}", "B24_ALLOW"),
    ("B24_ALLOW", "crm.*,${MORE}", "B24_ALLOW"),
    ("B24_DENY", "${user_config.deny}", "B24_DENY"),
    ("B24_DENY", "$DENY", "B24_DENY"),
    ("B24_APPROVAL", "${B24_APPROVAL}", "B24_APPROVAL"),
    ("B24_APPROVAL_WRITES", "${B24_APPROVAL_WRITES}", "B24_APPROVAL_WRITES"),
    ("B24_AUDIT", "${B24_AUDIT}", "B24_AUDIT"),
    ("B24_AUDIT", "/var/log/${NAME}", "B24_AUDIT"),
    ("B24_AUDIT", "/var/log/$NAME", "B24_AUDIT"),
    ("B24_RISKS", "${B24_RISKS}", "B24_RISKS"),
    ("B24_CONFIG", "${B24_CONFIG}", "B24_CONFIG"),
    ("B24_ENV_FILE", "${B24_ENV_FILE}", "B24_ENV_FILE"),
    # Empty lists
    ("B24_ALLOW", " , ", "B24_ALLOW"),
    ("B24_ALLOW", ",", "B24_ALLOW"),
    ("B24_ALLOW", " ", "B24_ALLOW"),
    ("B24_DENY", " , ", "B24_DENY"),
    ("B24_RISKS", ",,", "B24_RISKS"),
    ("B24_TOOLS", ",", "B24_TOOLS"),
    ("B24_TOOLS", "${B24_TOOLS}", "B24_TOOLS"),
    ("B24_TOOLS", "find,serach_docs", "B24_TOOLS"),
    ("B24_TOOLS", "Find", "B24_TOOLS"),
    ("B24_TOOL", "find", "B24_TOOLS"),
    ("B24_TOOLSETS", "find", "B24_TOOLS"),
    # Unknown values
    ("B24_ACCESS", "readonly", "B24_ACCESS"),
    ("B24_ACCESS", "READ", "B24_ACCESS"),
    ("B24_ACCESS", " read", "B24_ACCESS"),
    ("B24_APPROVAL", "no", "B24_APPROVAL"),
    ("B24_APPROVAL_WRITES", "few", "B24_APPROVAL_WRITES"),
    ("B24_APPROVAL_WRITES", "-1", "B24_APPROVAL_WRITES"),
    ("B24_AUDIT", "OFF", "B24_AUDIT"),
    ("B24_AUDIT", "audit", "B24_AUDIT"),
    ("B24_ALLOW", "crm.*;user.*", "B24_ALLOW"),
    ("B24_DENY", '["*.delete"]', "B24_DENY"),
    ("B24_DENY", '"*.delete"', "B24_DENY"),
    # Names
    ("B24_ACESS", "read", "B24_ACCESS"),
    ("b24_acess", "read", "B24_ACCESS"),
    ("B24_ACCES", "read", "B24_ACCESS"),
    ("B24ACCESS", "read", "B24_ACCESS"),
    ("B24-ACCESS", "read", "B24_ACCESS"),
    ("B24_ACCESS_LEVEL", "read", "B24_ACCESS"),
    ("B24_READONLY", "true", "B24_ACCESS"),
    ("B2_ACCESS", "read", "B24_ACCESS"),
    ("B42_ACCESS", "read", "B24_ACCESS"),
    ("BITRIX24_ACCESS", "read", "B24_ACCESS"),
    ("BX24_ACCESS", "read", "B24_ACCESS"),
    ("В24_ACCESS", "read", "B24_ACCESS"),  # with a Cyrillic first letter
    ("B24_АССЕSS", "read", "B24_ACCESS"),
    ("B24_ALOW", "crm.*", "B24_ALLOW"),
    ("B24_ALLOWED", "crm.*", "B24_ALLOW"),
    ("B24_ALLOW_LIST", "crm.*", "B24_ALLOW"),
    ("B24_DENNY", "*.delete", "B24_DENY"),
    ("B24_DENYS", "*.delete", "B24_DENY"),
    ("B24_DNEY", "*.delete", "B24_DENY"),
    ("B24_DENIED", "*.delete", "B24_DENY"),
    ("B24__DENY", "*.delete", "B24_DENY"),
    ("B24_APPROVALS", "ask", "B24_APPROVAL"),
    ("B24_APROVAL", "ask", "B24_APPROVAL"),
    ("B24_APPROVAL_WRITE", "5", "B24_APPROVAL_WRITES"),
    ("B24_AUDITS", "/x", "B24_AUDIT"),
    ("B24_ADUIT", "/x", "B24_AUDIT"),
    ("B24_AUDIT_LOG", "/x", "B24_AUDIT"),
    ("B24_RISK", "money", "B24_RISKS"),
    ("B24_ENVFILE", "/x", "B24_ENV_FILE"),
    # Places that would depend on the folder the program is started in
    ("B24_CONFIG", "portals.toml", "B24_CONFIG"),
    ("B24_DATA_DIR", "data", "B24_DATA_DIR"),
    ("B24_DATA_DIR", ".", "B24_DATA_DIR"),
    ("B24_STATE", "limits.db", "B24_STATE"),
    ("B24_CA_BUNDLE", "ca.pem", "B24_CA_BUNDLE"),
    ("B24_FILES_DIR", "exports", "B24_FILES_DIR"),
    ("B24_FILES_DIR", f"/tmp{os.pathsep}exports", "B24_FILES_DIR"),
    ("B24_ENV_FILE", "my.env", "B24_ENV_FILE"),
    ("B24_ENV_FILE", "/nowhere/my.env", "/nowhere/my.env"),
    # Other variables are never filled in
    ("B24_WEBHOOK_URL", "https://x.example/rest/1/${A_SECRET}/", "B24_WEBHOOK_URL"),
]
FINE = [
    "B24_ACCESS_TOKEN",
    "B24_WEBHOOK",
    "B24_URL",
    "B24_KEY",
    "B24_TOKEN",
    "ACCESS",
    "DENY",
    "AUDIT",
    "B24_USER",
    "PATH",
]
LINES = [
    'B24_DENY="*.delete',
    "B24_ACCESS: read",
    "B24_ACCESS read",
    "B24_ACCESS",
    "= read",
    "B24_ACCESS=read\nb24_access=full",
    "B24_ENV_FILE=/x",
]
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("read_method", {"method": "profile"}),
    ("call_method", {"method": "profile"}),
    ("batch_call", {"commands": {"a": {"method": "profile"}}}),
    ("list_records", {"method": "user.get"}),
    ("query_records", {"sql": "SELECT 1"}),
    ("portal_info", {}),
]


async def refused(call_tool: CallTool, portal: LoopbackPortal, named: str) -> None:
    for tool, arguments in CALLS:
        error = (await call_tool(tool, **arguments))["error"]
        assert (error["code"], error["executed"]) == ("B24MCP_SETTINGS", "no"), tool
        assert named in error["message"]
    assert portal.calls == []
    overview = await run_sync(load_overview)
    async with Client(build_server(Redactor(), level=overview.level, portals=overview.portals)) as client:
        assert "call_method" in {tool.name for tool in (await client.list_tools()).tools}


@pytest.mark.parametrize("place", ["environment", "file"])
@pytest.mark.parametrize(("name", "value", "named"), WRONG)
async def test_a_restriction_that_cannot_be_read_stops_every_call(
    call_tool: CallTool,
    portal: LoopbackPortal,
    monkeypatch: pytest.MonkeyPatch,
    user_env: Path,
    name: str,
    value: str,
    named: str,
    place: str,
) -> None:
    if place == "environment":
        monkeypatch.setenv(name, value)
    else:
        if name in os.environ and name.upper() == name:
            monkeypatch.delenv(name)
        await run_sync(user_env.write_text, f"{name}='{value}'\n")
        named = "B24_ENV_FILE" if name == "B24_ENV_FILE" else named
    await refused(call_tool, portal, named)


@pytest.mark.parametrize("text", LINES)
async def test_a_line_that_is_not_understood_stops_every_call(
    call_tool: CallTool, portal: LoopbackPortal, user_env: Path, text: str
) -> None:
    await run_sync(user_env.write_text, f"# comment\n\n{text}\n")
    await refused(call_tool, portal, str(user_env))


@pytest.mark.parametrize("content", [b"B24_ACCESS=\xff", b"#" * (1 << 20) + b"\nB24_ACCESS=read", None])
async def test_a_file_that_cannot_be_read_stops_every_call(
    call_tool: CallTool, portal: LoopbackPortal, user_env: Path, content: bytes | None
) -> None:
    await run_sync(user_env.mkdir if content is None else lambda: user_env.write_bytes(content))
    await refused(call_tool, portal, str(user_env))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[portals.a]\nwebhook = 'kept'\nacces = 'read'\n", "access is probably meant"),
        ("[portals.a]\nwebhook = 'kept'\nACCESS = 'read'\n", "access is probably meant"),
        ("[portals.a]\nwebhook = 'kept'\nalow = ['crm.*']\n", "allow is probably meant"),
        ("[portals.a]\nwebhook = 'kept'\nallow = []\n", "allow is a list without entries"),
        ("[portals.a]\nwebhook = 'kept'\ndeny = [' ']\n", "deny is a list without entries"),
        ("[portals.a]\nwebhook = 'kept'\naccess = '${ACCESS}'\n", "portals.a.access"),
        ("access = 'read'\n[portals.a]\nwebhook = 'kept'\n", "access: this key does not exist"),
        ("[portal.a]\nwebhook = 'kept'\naccess = 'read'\n", "portals is probably meant"),
    ],
)
async def test_a_wrong_key_in_the_file_of_portals_stops_every_call(
    call_tool: CallTool, portal: LoopbackPortal, tmp_path: Path, text: str, named: str
) -> None:
    def write() -> None:
        (tmp_path / "config").mkdir()
        (tmp_path / "config" / "portals.toml").write_text(text)

    await run_sync(write)
    await refused(call_tool, portal, named)


async def test_an_empty_value_and_names_of_other_programs_are_not_restrictions(
    call_tool: CallTool, portal: LoopbackPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*RESTRICTIONS, "B24_ACESS"):
        monkeypatch.setenv(name, "")
    for name in FINE[:-1]:
        monkeypatch.setenv(name, "x")
    assert (await call_tool("read_method", method="profile"))["ok"]


async def test_a_correction_of_the_file_needs_no_restart(
    call_tool: CallTool, portal: LoopbackPortal, user_env: Path
) -> None:
    await run_sync(user_env.write_text, "B24_ACESS=read\n")
    assert (await call_tool("read_method", method="profile"))["error"]["code"] == "B24MCP_SETTINGS"
    await run_sync(user_env.write_text, "B24_ACCESS=read\n")
    assert (await call_tool("read_method", method="profile"))["ok"]
    error = (await call_tool("call_method", method="crm.deal.delete", params={"id": 1}))["error"]
    assert error["kind"] == "policy"


KNOWN = {f"B24_{name.upper()}" for name in Settings.model_fields}


@given(st.sampled_from(RESTRICTIONS), st.integers(0, 30), st.sampled_from("abcXYZ_1-"), st.sampled_from([0, 1, 2]))
@example("B24_DENY", 0, "X", 0)
def test_one_slip_in_a_name_is_noticed(name: str, at: int, letter: str, kind: int) -> None:
    at = at % len(name)
    changed = [name[:at] + letter + name[at:], name[:at] + name[at + 1 :], name[:at] + letter + name[at + 1 :]][kind]
    if changed.upper() not in {*KNOWN, *RESTRICTIONS}:
        assert misspelt_restriction(changed, {*KNOWN, *RESTRICTIONS}) is not None


@given(st.text("ABC", max_size=6), st.text("ABC", max_size=6))
def test_the_distance_of_two_words_is_symmetric_and_zero_for_equal_ones(one: str, other: str) -> None:
    assert edit_distance(one, other, 10) == edit_distance(other, one, 10)
    assert (edit_distance(one, other, 10) == 0) is (one == other)
    assert edit_distance(one, other, 10) <= max(len(one), len(other))


@pytest.mark.parametrize("name", [*FINE, *sorted(KNOWN)])
def test_other_names_are_left_alone(name: str) -> None:
    assert misspelt_restriction(name, {*KNOWN, *RESTRICTIONS}) is None
