"""The level of access that the list of tools is made for, from the environment or the file of settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from b24_mcp.server.announcement import Announced
from tests.server.test_stdio import INITIALIZE, ask, server


@pytest.mark.parametrize(
    ("environment", "file", "level"),
    [
        (None, None, "write"),
        ("read", None, "read"),
        ("full", "B24_ACCESS=read", "full"),
        (None, "B24_ACCESS=read", "read"),
        (None, "export b24_access='full' # comment", "full"),
        ("", "B24_ACCESS=read", "read"),
        ("${B24_ACCESS}", None, "write"),
        ("nonsense", None, "write"),
        (None, "B24_ACCESS", "write"),
    ],
)
def test_it_is_read_as_the_settings_read_it(
    monkeypatch: pytest.MonkeyPatch, user_env: Path, environment: str | None, file: str | None, level: str
) -> None:
    if environment is not None:
        monkeypatch.setenv("B24_ACCESS", environment)
    if file is not None:
        user_env.write_text(file, "utf-8")
    assert Announced().level == level


def test_a_file_that_is_not_text_still_gives_a_list_of_tools(user_env: Path) -> None:
    user_env.write_bytes(b"B24_ACCESS=\xff\xfe")
    assert Announced().level == "write"


@pytest.mark.parametrize("in_file", [True, False])
def test_a_server_told_to_read_only_says_so_to_its_client(user_env: Path, in_file: bool) -> None:
    if in_file:
        user_env.write_text("B24_ACCESS=read\n", "utf-8")
    with server(**({} if in_file else {"B24_ACCESS": "read"})) as process:
        ask(process, "initialize", INITIALIZE)
        tools = ask(process, "tools/list", {})["tools"]
    assert all(tool["annotations"]["readOnlyHint"] for tool in tools)
