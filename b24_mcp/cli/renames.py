"""The old names of commands and options.

The rule: a command or an option that gets a new name keeps its old one until the next minor release. The old name is
not in `--help`. When it is used, the command runs, and stderr names the new one. To rename something, change it where
it is defined and add one line to `RENAMES`. A test fails while a line is wrong or older than its version allows.
"""

from __future__ import annotations

from dataclasses import dataclass

import click

from b24_mcp.cli.terminal import SafeGroup, echo

PROGRAM = "b24-mcp"


@dataclass(frozen=True, slots=True)
class Rename:
    """One renamed command or option.

    `old` and `new` are written as the user types them, without the program: `records remove` for a command, `list
    --save-to` for an option, `--settings` for an option of the program itself. `removed_in` is the release in which
    the old name stops working.
    """

    old: str
    new: str
    removed_in: str

    @property
    def is_option(self) -> bool:
        """Whether an option was renamed, and not a command."""
        return self.old.rpartition(" ")[2].startswith("-")

    def warn(self) -> None:
        """Print the new name to stderr."""
        echo(
            f"`{PROGRAM} {self.old}` is now `{PROGRAM} {self.new}`. "
            f"The old name stops working in version {self.removed_in}.",
            err=True,
        )


RENAMES: tuple[Rename, ...] = ()
"""Every old name that still works. No command or option has been renamed yet."""


class CommandGroup(SafeGroup):
    """A group of commands that accepts old names."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the options of the group itself, old names included."""
        words = _words(ctx)
        own = next((at for at, one in enumerate(args) if self._is_command(words, one)), len(args))
        return super().parse_args(ctx, [*_with_new_options(words, args[:own]), *args[own:]])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the name, the command and its arguments for a command line with new or old names."""
        words = [*_words(ctx), args[0]]
        rename = None if args[0] in self.commands else _find(" ".join(words))
        if rename is None:
            name, command, rest = super().resolve_command(ctx, args)
        else:
            rename.warn()
            words = rename.new.split()
            name, command, rest = words[-1], _command_at(ctx, words), args[1:]
        if command is not None and not isinstance(command, click.Group):
            rest = _with_new_options(words, rest)
        return name, command, rest

    def _is_command(self, words: list[str], argument: str) -> bool:
        rename = _find(" ".join([*words, argument]))
        return argument in self.commands or (rename is not None and not rename.is_option)


def _words(ctx: click.Context) -> list[str]:
    """Return the names of the groups that lead to this one, without the program."""
    words: list[str] = []
    while ctx.parent is not None:
        words.insert(0, ctx.info_name or "")
        ctx = ctx.parent
    return words


def _find(old: str) -> Rename | None:
    return next((one for one in RENAMES if one.old == old), None)


def _command_at(ctx: click.Context, words: list[str]) -> click.Command | None:
    command: click.Command | None = ctx.find_root().command
    for word in words:
        command = command.commands.get(word) if isinstance(command, click.Group) else None
    return command


def _with_new_options(words: list[str], args: list[str]) -> list[str]:
    """Return the arguments of one command with the new names of its options; `--` ends the options."""
    end = args.index("--") if "--" in args else len(args)
    return [*(_with_new_option(words, one) for one in args[:end]), *args[end:]]


def _with_new_option(words: list[str], argument: str) -> str:
    if not argument.startswith("-"):
        return argument
    option, equals, value = argument.partition("=")
    rename = _find(" ".join([*words, option]))
    if rename is None:
        return argument
    rename.warn()
    return rename.new.rpartition(" ")[2] + equals + value
