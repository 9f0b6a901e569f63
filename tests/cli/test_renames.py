"""Old names of commands and options: they work until the next minor release, and name their successor on stderr."""

from __future__ import annotations

import json
import re

import click
import pytest
from click.testing import CliRunner, Result

from b24_mcp import __version__
from b24_mcp.cli import cli, renames
from b24_mcp.cli.renames import Rename
from tests.cli.conftest import Run

TABLE = (
    Rename("rest", "call", "99.0.0"),
    Rename("sets", "records", "99.0.0"),
    Rename("records remove", "records drop", "99.0.0"),
    Rename("fetch-docs", "docs sync", "99.0.0"),
    Rename("call --arguments", "call --params", "99.0.0"),
    Rename("records list --on", "records list --portal", "99.0.0"),
    Rename("call --without-question", "call --yes", "99.0.0"),
    Rename("--settings", "--env-file", "99.0.0"),
)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table with a rename of each kind."""
    monkeypatch.setattr(renames, "RENAMES", TABLE)


def types(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), prog_name="b24-mcp")


def answer(result: Result) -> dict[str, object]:
    found: dict[str, object] = json.loads(result.stdout)
    return found


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("arguments", "warning"),
    [
        (["rest", "profile"], "`b24-mcp rest` is now `b24-mcp call`. The old name stops working in version 99.0.0."),
        (["call", "profile", "--arguments", "{}"], "`b24-mcp call --arguments` is now `b24-mcp call --params`. "),
        (["call", "profile", "--arguments={}"], "`b24-mcp call --arguments` is now `b24-mcp call --params`. "),
        (["call", "--without-question", "profile"], "is now `b24-mcp call --yes`. "),
        (["records", "list", "--on", "sandbox"], "is now `b24-mcp records list --portal`. "),
        (["sets", "list"], "`b24-mcp sets` is now `b24-mcp records`. "),
    ],
)
def test_an_old_name_still_works_and_the_new_one_is_printed_to_stderr(arguments: list[str], warning: str) -> None:
    done = types(*arguments)
    assert done.exit_code == 0, done.output
    assert answer(done)["ok"] is True
    assert warning in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.usefixtures("table")
def test_old_names_can_be_combined() -> None:
    done = types("rest", "profile", "--arguments", "{}")
    assert answer(done)["ok"] is True
    assert [re.findall("`b24-mcp ([^`]*)`", line) for line in done.stderr.splitlines()] == [
        ["rest", "call"],
        ["call --arguments", "call --params"],
    ]


@pytest.mark.usefixtures("table")
def test_an_old_subcommand_works_with_its_arguments() -> None:
    done = types("records", "remove", "nosuch")
    assert "There is no data set 'nosuch'" in done.stdout
    assert "`b24-mcp records remove` is now `b24-mcp records drop`." in done.stderr


@pytest.mark.usefixtures("table")
def test_a_command_that_moved_to_another_group_is_found_there() -> None:
    done = types("fetch-docs", "--lang", "nosuch")
    assert "`b24-mcp fetch-docs` is now `b24-mcp docs sync`." in done.stderr
    assert "Invalid value for '--lang'" in done.stderr


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("option", [["--settings", "relative.env"], ["--settings=relative.env"]])
def test_an_old_option_of_the_program_itself_works_before_the_command(option: list[str]) -> None:
    done = types(*option, "call", "profile")
    assert "`b24-mcp --settings` is now `b24-mcp --env-file`." in done.stderr
    assert "give an absolute path" in done.stderr


@pytest.mark.usefixtures("table")
def test_what_follows_a_double_dash_is_not_an_option() -> None:
    done = types("call", "--", "--arguments")
    assert "is now" not in done.stderr
    assert answer(done)["ok"] is False


@pytest.mark.usefixtures("table")
def test_new_names_print_no_warning_and_old_names_are_not_in_the_help() -> None:
    assert types("call", "profile", "--params", "{}").stderr == ""
    assert "rest " not in types("--help").stdout.partition("Commands:")[2]
    assert "--arguments" not in types("call", "--help").stdout


def test_a_name_that_never_existed_is_an_error(run: Run) -> None:
    assert "No such command 'rest'" in run("rest", "profile").stderr
    assert "No such option" in run("call", "profile", "--arguments", "{}").stderr


@pytest.mark.parametrize("rename", [*renames.RENAMES, *TABLE], ids=lambda rename: rename.old)
def test_a_line_of_the_table_names_what_exists_and_has_not_expired(rename: Rename) -> None:
    """Delete a line of the table when its version is released."""
    assert exists(rename.new)
    assert not exists(rename.old)
    assert _numbers(__version__) < _numbers(rename.removed_in)


def exists(name: str) -> bool:
    """Whether a command or an option has this name now."""
    command: click.Command | None = cli
    for word in name.split():
        if word.startswith("-"):
            return command is not None and any(word in one.opts for one in command.params)
        command = command.commands.get(word) if isinstance(command, click.Group) else None
    return command is not None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
