"""The output of an answer: coloured and indented on a terminal, compact JSON in a pipe."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping

import click

from b24_mcp.cli.terminal import echo
from b24_mcp.rest import to_json
from b24_mcp.secrets import Redactor, printable

_TOKEN = re.compile(
    r'(?P<name>"(?:\\.|[^"\\])*")(?=:)|(?P<text>"(?:\\.|[^"\\])*")|(?P<word>true|false|null)|(?P<number>-?\d[\d.eE+-]*)'
)
_COLOURS = {"name": "cyan", "text": "green", "word": "magenta", "number": "yellow"}


def print_form(form: Mapping[str, object], redactor: Redactor) -> None:
    """Print an answer in the normal form to stdout, without secrets and with invisible characters escaped."""
    clean = redactor.clean(form)
    if not sys.stdout.isatty():
        echo(redactor.redact(to_json(clean)))
        return
    text = printable(redactor.redact(to_json(clean, indent=2)))
    echo(before=_TOKEN.sub(_coloured, text))


def _coloured(match: re.Match[str]) -> str:
    kind = match.lastgroup or "text"
    return click.style(match.group(), fg=_COLOURS[kind])
