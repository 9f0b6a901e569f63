"""Safe output on a terminal. Printed text cannot move the cursor, change colours or reverse the text around it.

Names and messages come from portals and from the people who write there. Every command prints with `echo`. `SafeGroup`
cleans the error messages that click prints itself.
"""

from __future__ import annotations

from typing import Any, NoReturn

import click

from b24_mcp.secrets import printable


def one_line(text: object) -> str:
    """Return the text printable and on one line. A name with line breaks could imitate lines of this program."""
    return " ".join(printable(str(text)).split())


def echo(text: object = "", *, err: bool = False, nl: bool = True, before: str = "") -> None:
    """Print a text to stdout, or to stderr with `err`, with unsafe characters escaped.

    `before` is printed as it is. Use it for colours only.
    """
    click.echo(before + printable(str(text)), err=err, nl=nl)


class SafeGroup(click.Group):
    """A group of commands that makes error messages printable before click prints them."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Parse the arguments of the group."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.ClickException as exc:
            _raise_printable(exc)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except click.ClickException as exc:
            _raise_printable(exc)


def _raise_printable(exc: click.ClickException) -> NoReturn:
    vars(exc)["message"] = printable(exc.message)
    raise exc from None
