"""The output of an answer: coloured and indented on a terminal, compact JSON in a pipe."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping

import click

from b24_mcp.cli.terminal import echo, encodable
from b24_mcp.rest import to_json
from b24_mcp.secrets import Redactor, printable

_TOKEN = re.compile(
    r'(?P<name>"(?:\\.|[^"\\])*")(?=:)|(?P<text>"(?:\\.|[^"\\])*")|(?P<word>true|false|null)|(?P<number>-?\d[\d.eE+-]*)'
)
_COLOURS = {"name": "cyan", "text": "green", "word": "magenta", "number": "yellow"}


def print_form(form: Mapping[str, object], redactor: Redactor) -> None:
    """Print an answer in the normal form to stdout, without secrets and with invisible characters escaped."""
    clean = redactor.clean(form)
    is_terminal = sys.stdout.isatty()
    text = printable(redactor.redact(to_json(clean, indent=2 if is_terminal else None)))
    text = encodable(text, sys.stdout.encoding, signs=False)  # escapes of JSON, so that it still holds the same values
    echo(before=_TOKEN.sub(_coloured, text) if is_terminal and not os.environ.get("NO_COLOR") else text)


def _coloured(match: re.Match[str]) -> str:
    kind = match.lastgroup or "text"
    return click.style(match.group(), fg=_COLOURS[kind])
