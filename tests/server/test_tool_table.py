"""The table in `docs/tools.md` names every tool and every command, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
from mcp import Client

from b24_mcp.cli import cli

PAGE = Path(__file__).parents[2] / "docs" / "tools.md"


def column(number: int) -> set[str]:
    """Return the names in one column of the table; the first column is 0."""
    rows = [line.strip("|").split("|") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")]
    assert all(len(row) == 3 for row in rows)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row[number])}


def commands(command: click.Command, path: str) -> Iterator[str]:
    """Yield every command that is not a group and not hidden, as a user types it."""
    if not isinstance(command, click.Group):
        yield path
        return
    for name, inner in command.commands.items():
        if not inner.hidden:
            yield from commands(inner, f"{path} {name}")


async def test_the_table_names_every_tool_and_no_other(client: Client) -> None:
    assert column(1) == {tool.name for tool in (await client.list_tools()).tools}


def test_the_table_names_every_command_and_no_other() -> None:
    assert column(2) == set(commands(cli, "b24-mcp"))


def test_every_row_names_a_tool_or_a_command() -> None:
    rows = [line.strip("|").split("|") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")]
    empty = [row[0] for row in rows[2:] if not row[0].strip().startswith("**") and "`" not in row[1] + row[2]]
    assert empty == []
