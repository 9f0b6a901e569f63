"""The option `--env-file` of the program and of each of its commands."""

from __future__ import annotations

import os
from pathlib import Path

import click

from b24_mcp.config.environment import ENV_FILE


def add_env_file_option(command: click.Command) -> None:
    """Add the option to a command, and to all commands below it when it is a group."""
    command.params.append(
        click.Option(
            ["--env-file"],
            metavar="PATH",
            expose_value=False,
            is_eager=True,
            callback=_choose,
            help=f"Read settings from this file; an absolute path. The same as {ENV_FILE}.",
        )
    )
    if isinstance(command, click.Group):
        for one in command.commands.values():
            add_env_file_option(one)


def _choose(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    """Make the file the one that every reader of settings finds, in this process and in those it starts."""
    if value is None:
        return
    path = Path(value).expanduser()
    if not path.is_absolute():
        # A client may start the program in any folder, so a relative path could name a file of a stranger.
        raise click.BadParameter(f"give an absolute path, here {path.absolute()}", context, parameter)
    os.environ[ENV_FILE] = str(path)
