"""The one way to a terminal: no text that is printed can move the cursor, change colours or reverse what stands there.

Names and messages come from portals, and from people who write into them. Every command prints with `echo`, and
`SafeGroup` cleans the messages of errors, which click prints itself.
"""

from __future__ import annotations

from typing import Any

import click

from b24_mcp.secrets import printable


def one_line(text: object) -> str:
    """Return the text printable and in one line: a name with line ends in it could pretend to be lines of ours."""
    return " ".join(printable(str(text)).split())


def echo(text: object = "", *, err: bool = False, nl: bool = True, before: str = "") -> None:
    """Print a text, made printable, to stdout or with `err` to stderr; `before` is printed as it is, for colours."""
    click.echo(before + printable(str(text)), err=err, nl=nl)


class SafeGroup(click.Group):
    """A group of commands whose error messages are made printable before click prints them."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the arguments of the program."""
        try:
            return super().make_context(*args, **kwargs)
        except click.ClickException as exc:
            raise _made_printable(exc) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except click.ClickException as exc:
            raise _made_printable(exc) from None


def _made_printable(exc: click.ClickException) -> click.ClickException:
    vars(exc)["message"] = printable(exc.message)
    return exc
