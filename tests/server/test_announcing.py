"""What clients are told the tools can do, from the environment or `.env`, before settings are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from b24_mcp.server.announcing import Announced
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
    monkeypatch: pytest.MonkeyPatch, environment: str | None, file: str | None, level: str
) -> None:
    if environment is not None:
        monkeypatch.setenv("B24_ACCESS", environment)
    if file is not None:
        Path(".env").write_text(file, "utf-8")
    assert Announced().level == level


def test_a_file_that_is_no_text_is_left_to_the_settings() -> None:
    Path(".env").write_bytes(b"B24_ACCESS=\xff\xfe")
    assert Announced().level == "write"


@pytest.mark.parametrize("in_file", [True, False])
def test_a_server_told_to_read_only_says_so_to_its_client(in_file: bool) -> None:
    if in_file:
        Path(".env").write_text("B24_ACCESS=read\n", "utf-8")
    with server(**({} if in_file else {"B24_ACCESS": "read"})) as process:
        ask(process, "initialize", INITIALIZE)
        tools = ask(process, "tools/list", {})["tools"]
    assert all(tool["annotations"]["readOnlyHint"] for tool in tools)
