"""The options that commands with a portal share: the name of the portal and the parameters of a method."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TextIO

import click

from b24_mcp.rest import Params

PORTAL = click.option("--portal", metavar="NAME", help="The portal to use, one of `b24-mcp portals list`.")
"""The option that names a portal."""

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON on a terminal too.")
"""The option for JSON where a terminal shows a table."""

PARAMS = click.option(
    "-p",
    "--params",
    "params_source",
    metavar="JSON",
    default="{}",
    help="Parameters of the method: a JSON object or list, @FILE to read them from a file, or - to read stdin.",
)
"""The option with the parameters of a method, read by `read_params`."""


def read_params(source: str) -> Params:
    """Return the parameters that `--params` gives.

    Raises:
        click.BadParameter: when the source cannot be read, or is not a JSON object or list.
    """
    from pydantic_core import from_json

    try:
        params = from_json(_text_of(source))
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
