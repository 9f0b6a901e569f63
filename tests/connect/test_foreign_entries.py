"""`connect` and other programs: entries of the same name, several clients at once, names, and what will not last."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from b24_mcp.connect import CLIENTS, Launch, is_ours, own_launch, why_not_lasting
from tests.connect.conftest import Person
from tests.connect.test_connect import PLACES, entry_in

Make = Callable[..., Person]

FOREIGN: list[dict[str, Any]] = [
    {"command": "npx", "args": ["-y", "bitrix24-mcp-server"], "env": {"B24_WEBHOOK_URL": "https://x/rest/1/abc/"}},
    {"command": "node", "args": ["/opt/b24-mcp-js/index.js"]},
    {"command": "uvx", "args": ["bitrix24-mcp"]},
    {"command": "docker", "args": ["run", "-i", "mcp/bitrix24"]},
    {"url": "https://mcp.bitrix24.com/mcp"},
    {"type": "http", "url": "https://mcp.bitrix24.com/mcp", "headers": {"Authorization": "Bearer s3cret"}},
    {"url": "https://user:s3cret@other.example/sse?key=s3cret"},
    {"command": "/usr/bin/other-server", "args": ["--token", "s3cret"]},
    {"disabled": True},
]
OURS: list[dict[str, Any]] = [
    {},
    {"command": "b24-mcp"},
    {"command": "/opt/b24/bin/b24-mcp", "args": ["--env-file", "/x"]},
    {"command": "C:\\Users\\Ann\\b24\\Scripts\\b24-mcp.exe"},
    {"command": "/usr/bin/uvx", "args": ["b24-mcp"]},
    {"command": "uvx", "args": ["--from", "b24-mcp[redis]", "b24-mcp"]},
    {"command": "pipx", "args": ["run", "b24-mcp"]},
    {"command": "python3", "args": ["-P", "-m", "b24_mcp"]},
    {"cmd": "/opt/b24-mcp", "type": "stdio"},
    {"url": "http://127.0.0.1:8024/mcp"},
    {"url": "http://localhost:9/mcp/"},
    {"url": "https://mcp.example.com/mcp", "headers": {"Authorization": "Bearer ${B24_HTTP_TOKEN}"}},
    {"url": "https://mcp.example.com/mcp", "bearer_token_env_var": "B24_HTTP_TOKEN"},
]


@pytest.mark.parametrize("entry", FOREIGN)
def test_an_entry_of_another_program_is_told_from_ours(entry: dict[str, Any]) -> None:
    assert not is_ours(entry)


@pytest.mark.parametrize("entry", OURS)
def test_an_entry_of_ours_is_known(entry: dict[str, Any]) -> None:
    assert is_ours(entry)


def with_entry(someone: Person, client: str, entry: Any) -> Path:
    """Write an entry named bitrix24 into the configuration of a client."""
    file = someone.machine.home / PLACES[client]["linux"]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({CLIENTS[client].table: {"bitrix24": entry}}), "utf-8")
    return file


@pytest.mark.parametrize("entry", [*FOREIGN, "text", ["list"], 5])
def test_an_entry_of_another_program_is_never_taken_over(person: Make, entry: Any) -> None:
    someone = person()
    file = with_entry(someone, "cursor", entry)
    before = file.read_bytes()
    done = someone.types("connect", "cursor", "--yes")
    assert done.exit_code == 1
    assert "is not of b24-mcp" in done.output
    assert "--name b24-mcp" in done.output
    assert file.read_bytes() == before
    assert list(someone.files()) == [str(file)]


@pytest.mark.parametrize("client", ["cursor", "codex", "goose"])
def test_another_name_adds_a_second_entry(person: Make, client: str) -> None:
    someone = person()
    file = someone.machine.home / PLACES[client]["linux"]
    file.parent.mkdir(parents=True)
    table = CLIENTS[client].table
    texts = {
        "JSON": '{"TABLE": {"bitrix24": {"command": "npx"}}}',
        "TOML": '[TABLE.bitrix24]\ncommand = "npx"\n',
        "YAML": "TABLE:\n  bitrix24:\n    cmd: npx\n",
    }
    file.write_text(texts[CLIENTS[client].format.name].replace("TABLE", table), "utf-8")
    assert someone.types("connect", client, "--yes").exit_code == 1
    done = someone.types("connect", client, "--yes", "--name", "b24-mcp")
    assert done.exit_code == 0, done.output
    assert is_ours(entry_in(file, client, "b24-mcp"))
    assert not is_ours(entry_in(file, client))
    assert someone.types("connect", client, "--yes", "--name", "b24-mcp").output.count("nothing to change") == 1
    assert someone.types("disconnect", client, "--yes").exit_code == 1
    assert someone.types("disconnect", client, "--yes", "--name", "b24-mcp").exit_code == 0
    assert entry_in(file, client, "b24-mcp") is None
    assert not is_ours(entry_in(file, client))


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a.b", "-x", "x" * 33, "имя"])
def test_a_name_that_clients_cannot_use_is_refused(person: Make, name: str) -> None:
    someone = person()
    done = someone.types("connect", "cursor", "--yes", "--name", name)
    assert done.exit_code == 1
    assert "--name takes up to 32 letters" in done.output
    assert someone.files() == {}


def test_what_would_be_lost_is_named_before_the_question(person: Make) -> None:
    someone = person()
    entry = {"command": "/old/b24-mcp", "args": ["--env-file", "/x"], "env": {"MINE": "s3cret"}, "cwd": "/y"}
    file = with_entry(someone, "cursor", entry)
    done = someone.types("connect", "cursor", "--http", "http://127.0.0.1:8024/mcp", answers="n\n")
    assert "What would be lost: command, args, env, cwd." in done.output
    assert done.output.index("What would be lost") < done.output.index("Write this change?")
    assert json.loads(file.read_text("utf-8"))["mcpServers"]["bitrix24"] == entry
    kept = someone.types("connect", "cursor", "--yes")
    assert "What would be lost: args." in kept.output


# --- Names and several clients ---


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("claude", "claude-code or claude-desktop"),
        ("claud-code", "claude-code"),
        ("cursr", "cursor"),
        ("code", "vscode or claude-code"),
        ("codx", "codex"),
        ("github-copilot", "copilot"),
        ("gemini-cli", "gemini"),
        ("gose", "goose"),
    ],
)
def test_a_wrong_name_is_answered_with_near_ones(person: Make, typed: str, meant: str) -> None:
    done = person().types("connect", typed, "--yes")
    assert done.exit_code == 2
    assert f"Did you mean {meant}" in " ".join(done.output.split())


@pytest.mark.parametrize("typed", ["VS-Code", "Claude Code", "claude_code", "CURSOR"])
def test_case_and_signs_of_a_name_do_not_count(person: Make, typed: str) -> None:
    assert person().types("connect", typed, "--dry-run").exit_code == 0


def test_a_name_that_is_like_no_client_gets_the_list(person: Make) -> None:
    output = " ".join(person().types("connect", "zzzzzz").output.split())
    assert "Did you mean" not in output
    assert "claude-code, cursor, codex" in output


def test_a_client_that_is_not_installed_is_noticed(person: Make) -> None:
    someone = person()
    assert "Cursor does not seem to be installed" in someone.types("connect", "cursor", "--yes").output
    (someone.machine.home / ".codex").mkdir()
    assert "installed" not in someone.types("connect", "codex", "--yes").output


def test_a_client_whose_program_is_on_path_is_installed(person: Make, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "gemini"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert "installed" not in person(PATH=str(program.parent)).types("connect", "gemini", "--dry-run").output


def test_all_clients_that_were_found_are_connected(person: Make) -> None:
    someone = person()
    for folder in (".cursor", ".codex", ".config/goose"):
        (someone.machine.home / folder).mkdir(parents=True)
    done = someone.types("connect", "--all", "--yes")
    assert done.exit_code == 0, done.output
    assert "Found: Cursor, Codex, goose." in done.output
    files = {str(someone.machine.home / PLACES[name]["linux"]) for name in ("cursor", "codex", "goose")}
    assert set(someone.files()) == files
    assert done.output.count("b24-mcp portals add NAME") == 1
    again = someone.types("connect", "--all", "--yes")
    assert again.output.count("nothing to change") == 3


def test_a_client_that_cannot_be_connected_does_not_stop_the_others(person: Make) -> None:
    someone = person()
    foreign = with_entry(someone, "cursor", {"command": "npx"})
    (someone.machine.home / ".codex").mkdir()
    done = someone.types("connect", "--all", "--yes")
    assert done.exit_code == 1
    assert "Cursor has an entry bitrix24 that is not of b24-mcp" in done.output
    assert not is_ours(entry_in(foreign, "cursor"))
    assert is_ours(entry_in(someone.machine.home / ".codex/config.toml", "codex"))


def test_all_over_http_leaves_out_those_that_cannot(person: Make) -> None:
    someone = person()
    for folder in (".cursor", ".config/Claude"):
        (someone.machine.home / folder).mkdir(parents=True)
    done = someone.types("connect", "--all", "--yes", "--http", "http://127.0.0.1:8024/mcp")
    assert done.exit_code == 0
    assert "Claude Desktop is left out" in done.output
    assert list(someone.files()) == [str(someone.machine.home / ".cursor/mcp.json")]


def test_all_without_any_client_says_so(person: Make) -> None:
    done = person().types("connect", "--all", "--yes")
    assert done.exit_code == 1
    assert "No client was found" in done.output


@pytest.mark.parametrize("arguments", [[], ["cursor", "--all"]])
def test_either_a_client_or_all_is_named(person: Make, arguments: list[str]) -> None:
    done = person().types("connect", *arguments)
    assert done.exit_code == 2
    assert "Name one client, or use --all" in done.output


# --- What will not last ---


@pytest.mark.parametrize(
    ("executable", "runner"),
    [
        ("/home/a/.cache/uv/archive-v0/abc/bin/python", "uvx"),
        ("/home/a/.cache/uv/builds-v0/.tmpx/bin/python", "uvx"),
        ("/home/a/.local/pipx/.cache/0123456789abcde/bin/python", "pipx"),
        ("/home/a/.cache/pipx/0123456789abcde/bin/python", "pipx"),
    ],
)
def test_a_program_in_a_temporary_environment_is_started_by_what_made_it(
    tmp_path: Path, executable: str, runner: str
) -> None:
    (tmp_path / runner).write_text("#!/bin/sh\n")
    (tmp_path / runner).chmod(0o755)
    environment = {"PATH": str(tmp_path)}
    arguments = ("b24-mcp",) if runner == "uvx" else ("run", "b24-mcp")
    assert own_launch("user", executable=executable, environment=environment) == Launch(
        str(tmp_path / runner), arguments
    )
    warned = why_not_lasting(executable=executable, temporary="/tmp", environment=environment)
    assert f"the entry starts {runner}" in warned
    assert "uv tool install b24-mcp" in warned
    without = why_not_lasting(executable=executable, temporary="/tmp", environment={"PATH": ""})
    assert "deletes, and the entry names it" in without


@pytest.mark.parametrize(
    "executable",
    [
        "/home/a/.local/share/uv/tools/b24-mcp/bin/python",
        "/home/a/.local/share/pipx/venvs/b24-mcp/bin/python",
        "/opt/venv/bin/python",
    ],
)
def test_a_program_that_was_installed_lasts(executable: str) -> None:
    assert why_not_lasting(executable=executable, temporary="/tmp", environment={"PATH": ""}) == ""


def test_a_program_in_the_folder_of_temporary_files_does_not_last() -> None:
    said = why_not_lasting(executable="/tmp/x/.venv/bin/python", temporary="/tmp", environment={"PATH": ""})
    assert "the folder of temporary files" in said
