"""What commands that call a portal have in common: which one, and the parameters as a person types them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TextIO

import click

from b24_mcp.rest import Params

PORTAL = click.option("--portal", metavar="NAME", help="One of the portals b24-mcp portals lists.")
"""The option that names a portal."""

HELP = "Parameters: a JSON object or list, @FILE to read one, or - for stdin."


def read_params(source: str) -> Params:
    """Read `--params`. What is not JSON, or no object or list, ends the program with an explanation."""
    from pydantic_core import from_json

    try:
        text = _text_of(source)
        params = from_json(text)
    except (OSError, UnicodeDecodeError) as exc:
        raise click.BadParameter(f"cannot read {source[1:]}: {exc}", param_hint="--params") from None
    except ValueError as exc:
        raise click.BadParameter(f"not JSON: {exc}", param_hint="--params") from None
    if not isinstance(params, dict | list):
        raise click.BadParameter("a JSON object or list is needed", param_hint="--params")
    return params


def _text_of(source: str) -> str:
    if source == "-":
        stdin: TextIO = sys.stdin
        return stdin.read()
    return Path(source[1:]).read_text("utf-8") if source.startswith("@") else source
