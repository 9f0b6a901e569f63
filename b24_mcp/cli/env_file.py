"""The option `--env-file` of the program and of each of its commands."""

from __future__ import annotations

import os
from pathlib import Path

import click

from b24_mcp.config.environment import ENV_FILE


def add_env_file_option(command: click.Command) -> None:
    """Add the option to a command and, when it is a group, to all commands below it."""
    command.params.append(
        click.Option(
            ["--env-file"],
            metavar="PATH",
            expose_value=False,
            is_eager=True,
            callback=_select,
            help=f"Read settings from this file. The path must be absolute. The same as {ENV_FILE}.",
        )
    )
    if isinstance(command, click.Group):
        for subcommand in command.commands.values():
            add_env_file_option(subcommand)


def _select(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    """Set the settings file for this process and for the processes it starts."""
    if value is None:
        return
    path = Path(value).expanduser()
    if not path.is_absolute():
        # A client may start the program in any folder. A relative path could name a file that the user did not write.
        raise click.BadParameter(f"give an absolute path, here {path.absolute()}", context, parameter)
    os.environ[ENV_FILE] = str(path)
