"""`b24-mcp serve`: the MCP server. Of the command line only this module and `demo` import `b24_mcp.server`."""

from __future__ import annotations

import click


@click.command()
@click.option("--http", "over_http", is_flag=True, help="Serve many clients over HTTP instead of one on stdin.")
@click.option(
    "--host",
    help="With --http: the address to listen on (default 127.0.0.1). An address that other computers can reach needs "
    "a token and B24_HTTP_URL.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), help="With --http: the port (default 8024). 0 chooses a free port."
)
@click.option(
    "--describe",
    is_flag=False,
    flag_value="",
    metavar="[QUERY]",
    help="Print as JSON what clients are offered, and exit. QUERY is the part of an address after ?: "
    "'access=read&tools=find,docs'.",
)
def serve(over_http: bool, host: str | None, port: int | None, describe: str | None) -> None:
    """Run the MCP server on stdin and stdout, or over HTTP.

    \b
    b24-mcp serve
    b24-mcp serve --http --port 8024

    On stdin and stdout it serves one client, the same as `b24-mcp` without a command. Over HTTP it serves many.

    Exits with 2 when the settings for HTTP are not safe.
    """
    if describe is not None:
        print_offer(describe)
    elif over_http:
        serve_over_http(host or "127.0.0.1", 8024 if port is None else port)
    elif host is not None or port is not None:
        raise click.UsageError("--host and --port need --http.")
    else:
        serve_on_stdio()


def print_offer(query: str) -> None:
    """Print what the settings and an address offer to a client.

    Raises:
        click.UsageError: when the settings or the address cannot be used.
    """
    import asyncio

    from b24_mcp.cli.terminal import echo
    from b24_mcp.config import ConfigurationError, load_configuration
    from b24_mcp.rest import to_json
    from b24_mcp.secrets import Redactor
    from b24_mcp.server.described import offer_form
    from b24_mcp.server.mcp_server import build_server
    from b24_mcp.server.offer import Offer, offer_of_address

    try:
        found = load_configuration()
        offer = offer_of_address(query.lstrip("?"), found.names)
    except (ConfigurationError, ValueError) as exc:
        raise click.UsageError(f"{exc}.") from None
    level, tools = found.settings.access, found.settings.tools
    server = build_server(Redactor(), level=level, portals=found.names, tools=tools, dialect=found.settings.dialect)
    whole = Offer(level, tools=frozenset(tools) or None).narrowed(offer)
    echo(to_json(asyncio.run(offer_form(server, whole, found.names))))


def serve_on_stdio() -> None:
    """Serve one client on stdin and stdout until it closes stdin."""
    from b24_mcp.server.stdio import serve_stdio

    serve_stdio()


def serve_over_http(host: str, port: int) -> None:
    """Serve clients over HTTP until a signal stops the process.

    Raises:
        click.ClickException: when the settings are not safe or wrong, or the port cannot be used.
    """
    from b24_mcp.config.settings import SettingsError, load_settings
    from b24_mcp.server.http import serve_http

    try:
        serve_http(load_settings(), host, port)
    except SettingsError as exc:
        raise click.UsageError(f"{exc}.") from None
    except OSError as exc:
        raise click.ClickException(f"b24-mcp cannot listen on {host}, port {port}: {exc.strerror}.") from None
