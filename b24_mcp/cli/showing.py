"""Showing an answer in a terminal: colours and indentation for a person, compact JSON for a pipe."""

from __future__ import annotations

import re
import sys
from typing import Any

import click

from b24_mcp.cli.terminal import echo
from b24_mcp.rest import to_json
from b24_mcp.secrets import Redactor, printable

_TOKEN = re.compile(
    r'(?P<name>"(?:\\.|[^"\\])*")(?=:)|(?P<text>"(?:\\.|[^"\\])*")|(?P<word>true|false|null)|(?P<number>-?\d[\d.eE+-]*)'
)
_COLOURS = {"name": "cyan", "text": "green", "word": "magenta", "number": "yellow"}


def show_form(form: dict[str, Any], redactor: Redactor) -> None:
    """Print an answer in the normal form to stdout, without secrets and with invisible characters escaped."""
    form = redactor.clean(form)
    if not sys.stdout.isatty():
        echo(redactor.redact(to_json(form)))
        return
    text = printable(redactor.redact(to_json(form, indent=2)))
    echo(before=_TOKEN.sub(_coloured, text))


def _coloured(match: re.Match[str]) -> str:
    kind = match.lastgroup or "text"
    return click.style(match.group(), fg=_COLOURS[kind])
