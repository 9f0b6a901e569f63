"""Answers: tables for a person at a terminal, JSON for a program, and nothing that a terminal cannot show."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from b24_mcp.cli.advice import for_terminal
from tests.cli.conftest import PROGRAM, Run
from tests.cli.terminal import on_a_terminal
from tests.loopback import loopback_portal

TITLES = '{"select": ["ID", "TITLE"], "filter": {"<ID": 4}}'


def test_a_terminal_shows_a_table_and_a_pipe_gets_json(run: Run) -> None:
    code, shown = on_a_terminal("call", "crm.deal.list", "-p", TITLES)
    assert code == 0
    assert shown.splitlines()[0].split() == ["ID", "TITLE"]
    assert "Компрессор винтовой №1002" in shown
    assert '{"' not in shown
    assert json.loads(run("call", "crm.deal.list", "-p", TITLES).stdout)["result"][1]["ID"] == "2"
    code, shown = on_a_terminal("call", "crm.deal.list", "-p", TITLES, "--json", NO_COLOR="1")
    assert json.loads(shown)["total"] == 3


def test_a_failure_is_said_on_stderr_also_when_stdout_is_a_file(run: Run) -> None:
    done = run("call", "crm.deals.list")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "B24MCP_UNKNOWN_METHOD"
    assert done.stderr.startswith("Error: crm.deals.list is not documented.")
    assert "crm.deal.list" in done.stderr


def test_texts_are_for_a_person_and_name_commands_not_tools(run: Run) -> None:
    for arguments in (["call", "crm.deals.list"], ["list", "user.get", "--limit", "1"], ["query", "SELECT 1 FROM x"]):
        done = run(*arguments)
        said = done.stderr + str(json.loads(done.stdout).get("error", ""))
        for word in ("validate=false", "resume=true", "list_records", "a person is then asked"):
            assert word not in said
    _, shown = on_a_terminal("list", "user.get", "--limit", "2")
    assert "the same call with --resume continues" in shown
    assert "query_records" not in shown


def test_records_that_do_not_fit_side_by_side_are_shown_one_below_the_other() -> None:
    code, shown = on_a_terminal("call", "crm.deal.get", "-p", '{"id": 5}', columns=40)
    assert (code, "TITLE  " in shown) == (0, True)
    code, shown = on_a_terminal("call", "crm.deal.list", "-p", TITLES, columns=15)
    assert "TITLE  Компрессор винтовой №1002" in shown
    code, shown = on_a_terminal("call", "crm.deal.list", "-p", TITLES, columns=30)
    assert max(len(line) for line in shown.splitlines()[:5]) <= 30
    assert "…" in shown


def test_no_colours_with_no_color() -> None:
    assert "\x1b[" in on_a_terminal("call", "profile", "--json")[1]
    assert "\x1b[" not in on_a_terminal("call", "profile", "--json", NO_COLOR="1")[1]
    assert "\x1b[" in on_a_terminal("doctor")[1]
    assert "\x1b[" not in on_a_terminal("doctor", NO_COLOR="1")[1]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1251"])
def test_an_encoding_without_a_sign_gets_escapes_that_hold_the_same_value(run: Run, encoding: str) -> None:
    done = subprocess.run(
        [PROGRAM, "call", "user.get", "-p", '{"ID": 3}'],
        capture_output=True,
        check=False,
        timeout=60,
        env=dict(os.environ) | {"PYTHONIOENCODING": encoding},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout.decode(encoding))["result"][0]["LAST_NAME"] == "Соколова"


def test_signs_outside_the_basic_plane_are_escaped_as_json_does(run: Run) -> None:
    with loopback_portal() as portal:
        settings = {"B24_WEBHOOK_URL": portal.address, "PYTHONIOENCODING": "ascii"}
        fields = '{"id": 5, "fields": {"TITLE": "a \\ud83d\\ude00 \\u00e9"}}'
        assert run("call", "crm.deal.update", "-p", fields, **settings).returncode == 0
        done = run("call", "crm.deal.get", "-p", '{"id": 5}', **settings)
    assert done.stdout.isascii()
    assert json.loads(done.stdout)["result"]["TITLE"] == "a 😀 é"


def test_a_terminal_without_unicode_gets_a_table() -> None:
    code, shown = on_a_terminal("call", "crm.deal.list", "-p", TITLES, columns=30, PYTHONIOENCODING="ascii")
    assert code == 0
    assert shown.isascii()
    assert "Traceback" not in shown


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_parameters_are_read_with_a_byte_order_mark(run: Run, tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "p.json"
    file.write_bytes('{"id": 5}'.encode(encoding))
    assert json.loads(run("call", "crm.deal.get", "-p", f"@{file}").stdout)["result"]["ID"] == "5"
    done = subprocess.run(
        [PROGRAM, "call", "crm.deal.get", "-p", "-"],
        input=file.read_bytes(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert json.loads(done.stdout)["result"]["ID"] == "5"


def test_every_line_of_the_list_of_commands_is_whole(run: Run) -> None:
    for group in ((), ("docs",), ("portals",), ("catalog",), ("records",)):
        assert "..." not in run(*group, "--help").stdout.partition("Commands:")[2]


def test_a_near_name_is_offered_for_a_wrong_command(run: Run) -> None:
    assert "Did you mean 'list'" in run("lst", "crm.deal.list").stderr


def test_a_shell_completes_commands_and_methods(run: Run) -> None:
    script = run(_B24_MCP_COMPLETE="bash_source")
    assert "_b24_mcp_completion" in script.stdout
    done = run(_B24_MCP_COMPLETE="bash_complete", COMP_WORDS="b24-mcp call crm.deal.ad", COMP_CWORD="2")
    assert "plain,crm.deal.add" in done.stdout


@pytest.mark.parametrize(
    ("words", "place", "completions"),
    [
        ("b24-mcp connect cl", 2, {"claude-code", "claude-desktop"}),
        ("b24-mcp disconnect z", 2, {"zed"}),
        ("b24-mcp describe crm.deal.ad", 2, {"crm.deal.add"}),
        ("b24-mcp query x --portal s", 4, {"sandbox"}),
        ("b24-mcp portals default s", 3, {"sandbox"}),
        ("b24-mcp chart x --kind p", 4, {"pie"}),
        ("b24-mcp records dr", 2, {"drop"}),
    ],
)
def test_a_shell_completes_names(run: Run, words: str, place: int, completions: set[str]) -> None:
    done = run(_B24_MCP_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(place))
    assert {line.removeprefix("plain,") for line in done.stdout.split()} == completions


def test_a_missing_extra_is_named_with_the_command_to_run() -> None:
    said = for_terminal({"error": {"code": "B24MCP_EXPORT", "hint": "The user can install b24-mcp[xlsx]; use .csv."}})
    assert re.search(r"run \S+ -m pip install 'b24-mcp\[xlsx\]'; use \.csv\.", said["error"]["hint"])


def test_arguments_in_utf_8_are_read_in_an_ascii_locale(run: Run) -> None:
    settings = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    found = json.loads(run("find", "Соколова", "--json", **settings).stdout)
    assert found["ok"]
    assert found["found"]


@pytest.mark.parametrize("columns", [30, 45, 200])
def test_help_fits_the_terminal(columns: int) -> None:
    _, shown = on_a_terminal("records", "--help", columns=columns)
    assert max(map(len, shown.splitlines())) <= columns


@pytest.mark.parametrize(
    "arguments",
    [
        ["list", "crm.deal.list", "--out", "-"],
        ["call", "crm.deal.list"],
        ["describe", "crm.deal.add"],
        ["--help"],
    ],
)
def test_a_pipe_that_ends_early_is_no_error(arguments: list[str]) -> None:
    """As in `b24-mcp list … --out - | head -1`."""
    program = subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ)
    assert program.stdout is not None
    assert program.stderr is not None
    program.stdout.close()
    with program.stderr as stderr:
        said = stderr.read().decode()
    program.wait(timeout=60)
    assert "Traceback" not in said
    assert "Exception ignored" not in said
