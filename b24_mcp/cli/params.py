"""The options that commands with a portal share: the name of the portal and the parameters of a method."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from b24_mcp.rest import Params


def complete_portals(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the configured portals that begin with what was typed; none when the settings cannot be read."""
    from b24_mcp.config import ConfigurationError, load_configuration
    from b24_mcp.config.settings import SettingsError

    try:
        names = load_configuration().names
    except (ConfigurationError, SettingsError):
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


PORTAL = click.option(
    "--portal",
    metavar="NAME",
    help="The portal to use, one of `b24-mcp portals list`.",
    shell_complete=complete_portals,
)
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


class MethodName(click.ParamType[str]):
    """The name of a REST method, with the known names for the completion of a shell."""

    name = "method"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name without space around it."""
        return value.strip() or self.fail("the name of a method is needed, such as crm.deal.list", param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what the usage shows."""
        return "METHOD"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the methods that begin with what was typed."""
        from b24_mcp.catalog import known_methods

        return [CompletionItem(name) for name in known_methods().completions(incomplete)]


METHOD = click.argument("method", type=MethodName())
"""The argument that names a method."""


def read_params(source: str) -> Params:
    """Return the parameters that `--params` gives.

    Raises:
        click.BadParameter: when the source cannot be read, or is not a JSON object or list.
    """
    from pydantic_core import from_json

    try:
        params = from_json(_text_of(source))
    except OSError as exc:
        raise click.BadParameter(f"cannot read {source[1:]}: {exc.strerror or exc}", param_hint="--params") from None
    except UnicodeDecodeError:
        raise click.BadParameter(f"{source[1:] or 'stdin'} is not UTF-8 text", param_hint="--params") from None
    except ValueError as exc:
        raise click.BadParameter(f"not JSON: {exc}", param_hint="--params") from None
    if not isinstance(params, dict | list):
        raise click.BadParameter("a JSON object or list is needed", param_hint="--params")
    return params


def _text_of(source: str) -> str:
    if source == "-":
        return _decoded(sys.stdin.buffer.read())
    return _decoded(Path(source[1:]).read_bytes()) if source.startswith("@") else source


def _decoded(data: bytes) -> str:
    """Return a text as editors and shells write it: UTF-8 with or without a byte order mark, or UTF-16 with one."""
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if is_utf16 else "utf-8-sig")
