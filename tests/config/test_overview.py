"""The level of access that the list of tools shows, from the environment or the settings file."""

from __future__ import annotations

from pathlib import Path

import pytest

from b24_mcp.config import load_overview
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
def test_the_level_is_the_one_that_the_settings_have(
    monkeypatch: pytest.MonkeyPatch, user_env: Path, environment: str | None, file: str | None, level: str
) -> None:
    if environment is not None:
        monkeypatch.setenv("B24_ACCESS", environment)
    if file is not None:
        user_env.write_text(file, "utf-8")
    assert load_overview().level == level


def test_a_settings_file_that_is_not_text_still_gives_a_level(user_env: Path) -> None:
    user_env.write_bytes(b"B24_ACCESS=\xff\xfe")
    assert load_overview().level == "write"


@pytest.mark.parametrize("in_file", [True, False])
def test_a_read_only_server_marks_all_tools_as_read_only(user_env: Path, in_file: bool) -> None:
    if in_file:
        user_env.write_text("B24_ACCESS=read\n", "utf-8")
    with server(**({} if in_file else {"B24_ACCESS": "read"})) as process:
        ask(process, "initialize", INITIALIZE)
        tools = ask(process, "tools/list", {})["tools"]
    assert all(tool["annotations"]["readOnlyHint"] for tool in tools)
