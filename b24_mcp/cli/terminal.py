"""Safe output on a terminal. Printed text cannot move the cursor, change colours or reverse the text around it.

Names and messages come from portals and from the people who write there. Every command prints with `echo`. `SafeGroup`
cleans the error messages that click prints itself.
"""

from __future__ import annotations

import codecs
import os
import shutil
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from b24_mcp.secrets import printable

_SIGNS = {
    "…": "...",
    "–": "-",
    "—": "-",
    "✔": "+",
    "✘": "x",
    "→": "->",
    "«": '"',
    "»": '"',
    "“": '"',
    "”": '"',
    "№": "No. ",
}
"""Signs as ASCII, for a terminal whose encoding does not have them."""
_ERRORS = "b24-mcp-escape"
_LONGEST_HELP = 200
_NARROW, _NARROWEST = 52, 22


def prepare_streams() -> None:
    """Escape on stdout and stderr what their encoding does not have, in the texts that click prints as well."""
    codecs.register_error(_ERRORS, _escape)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and "utf" not in (stream.encoding or "").lower():
            reconfigure(errors=_ERRORS)


def encodable(text: str, encoding: str | None, *, signs: bool = True) -> str:
    """Return the text with characters that an encoding does not have as JSON escapes, and some signs as ASCII."""
    encoding = encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(_replaced(one, encoding, signs) for one in text)
    return text


def _replaced(character: str, encoding: str, signs: bool) -> str:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return _SIGNS.get(character) or _escaped(character) if signs else _escaped(character)
    return character


def _escaped(character: str) -> str:
    """Return a character as in JSON: `\\uXXXX`, two of them above U+FFFF."""
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))


def _escape(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    bad = error.object[error.start : error.end]
    return "".join(_SIGNS.get(one) or _escaped(one) for one in bad), error.end


def one_line(text: object) -> str:
    """Return the text printable and on one line. A name with line breaks could imitate lines of this program."""
    return " ".join(printable(str(text)).split())


def echo(text: object = "", *, err: bool = False, nl: bool = True, before: str = "") -> None:
    """Print a text to stdout, or to stderr with `err`, with unsafe characters escaped.

    `before` is printed as it is. Use it for colours only.
    """
    stream = sys.stderr if err else sys.stdout
    click.echo(encodable(before + printable(str(text)), stream.encoding), err=err, nl=nl)


def _typed(argument: str) -> str:
    """Return an argument as it was typed. Python cannot read UTF-8 where the locale is another."""
    if not any("\udc80" <= one <= "\udcff" for one in argument):
        return argument
    try:
        return os.fsencode(argument).decode()
    except UnicodeError:
        return argument


class SafeGroup(click.Group):
    """A group of commands that makes error messages printable before click prints them."""

    def main(self, args: Sequence[str] | None = None, **options: Any) -> Any:  # type: ignore[override]
        """Run the program."""
        prepare_streams()
        if (width := shutil.get_terminal_size().columns) < _NARROW:
            options = {"terminal_width": max(width, _NARROWEST) - 2} | options  # click's help is 50 wide at least
        given = list(sys.argv[1:] if args is None else args)
        typed = [_typed(one) for one in given]
        return super().main(args if typed == given else typed, **options)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, each with its whole first sentence."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, one.get_short_help_str(_LONGEST_HELP)) for name, one in found if one and not one.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

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
