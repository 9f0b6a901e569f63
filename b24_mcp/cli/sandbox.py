"""`b24-mcp sandbox`: the embedded portal as a service for other programs."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from b24_mcp.cli.terminal import echo

if TYPE_CHECKING:
    from b24_mcp.sandbox import Sandbox
    from b24_mcp.sandbox.certificates import Certificates

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class WebhookType(click.ParamType[str]):
    """The user id and the code of a webhook."""

    name = "USER/CODE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Accept `1/code`, digits and letters only."""
        user, _, code = str(value).partition("/")
        if not (user.isascii() and user.isdigit() and code.isascii() and code.isalnum()):
            self.fail(f"{value} is not a user id and a code, such as 1/abc123", param, ctx)
        return str(value)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Other than this computer: needs --tls.")
@click.option("--port", type=click.IntRange(0, 65535), default=8024, show_default=True, help="0 takes a free one.")
@click.option("--tls", is_flag=True, help="Serve HTTPS with a certificate of an authority made for it.")
@click.option("--name", metavar="HOST", help="The portal's own name: in its links and in its certificate.")
@click.option("--oauth-name", metavar="HOST", help="A name of the authorization server's own, in its certificate too.")
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the authority of --tls in this folder, so that clients trust it once.",
)
@click.option("--allow-http", is_flag=True, help="Let webhooks be called over plain HTTP from other computers.")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="Keep the data in this SQLite file.")
@click.option("--empty", is_flag=True, help="Start without the invented company.")
@click.option("--seed", metavar="N", type=click.IntRange(0), default=0, help="Fill up to N deals.")
@click.option("--webhook", type=WebhookType(), help="The administrator's webhook.")
@click.option("--handler", metavar="URL", help="Where the application's browser goes after consent.")
@click.option("--token-lifetime", metavar="SECONDS", type=click.FloatRange(0), help="Of access tokens (3600).")
@click.option("--plan", type=click.Choice(["basic", "enterprise", "none"]), default="none", show_default=True)
@click.option("--latency", metavar="SECONDS", type=click.FloatRange(0), default=0.0, help="Wait for every request.")
@click.option("--row-latency", metavar="SECONDS", type=click.FloatRange(0), default=0.0, help="Wait for every row.")
@click.option(
    "--offset-latency", metavar="SECONDS", type=click.FloatRange(0), default=0.0, help="Wait for every row skipped."
)
@click.option("--cost", metavar="SECONDS", type=click.FloatRange(0), help="What every call is said to have taken.")
@click.option(
    "--accounting",
    type=click.Choice(["methods", "batch"]),
    default="methods",
    show_default=True,
    help="Who pays for a batch: its commands or the name batch.",
)
@click.option("--faults", is_flag=True, help="Open /sandbox/faults and /sandbox/log.")
def sandbox(**options: Any) -> None:
    """Serve the sandbox portal and print its addresses and credentials.

    One line of JSON goes to stdout once it listens, everything else to stderr. Ctrl-C ends it.

    Other computers reach it only with --tls, as a portal refuses webhooks over plain HTTP; --allow-http lifts both.
    """
    host: str = options.pop("host")
    port: int = options.pop("port")
    tls: bool = options.pop("tls")
    state: Path | None = options.pop("state")
    if host not in _LOOPBACK and not tls and not options["allow_http"]:
        raise click.UsageError(f"{host} is not this computer only: add --tls (or --allow-http).")
    with ExitStack() as cleaning:
        names = [options["name"], options["oauth_name"], host if host in _LOOPBACK else None]
        certificates = _certificates(cleaning, state, names) if tls else None
        portal = _open(options)
        cleaning.callback(portal.close)
        _serve(portal, host, port, certificates)


def _open(options: dict[str, Any]) -> Sandbox:
    """The portal with its load of deals. What is not set keeps the portal's own default."""
    import sqlite3

    from b24_mcp.sandbox import Sandbox

    db: Path | None = options.pop("db")
    deals: int = options.pop("seed")
    control: bool = options.pop("faults")
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Sandbox(":memory:" if db is None else db, control=control, deals=deals, **given)
    except (sqlite3.Error, ValueError) as exc:
        raise click.ClickException(f"{db} cannot be used as a database: {exc}.") from None


def _certificates(cleaning: ExitStack, state: Path | None, names: list[str | None]) -> Certificates:
    from b24_mcp.sandbox.certificates import issue

    if state is None:
        import tempfile

        state = Path(cleaning.enter_context(tempfile.TemporaryDirectory(prefix="b24-sandbox-")))
    try:
        return issue(state, [name for name in names if name])
    except (OSError, ValueError) as exc:
        raise click.ClickException(f"no certificate could be made in {state}: {exc}.") from None


def _serve(portal: Sandbox, host: str, port: int, certificates: Certificates | None) -> None:
    import signal

    from b24_mcp.sandbox import serve
    from b24_mcp.sandbox.announcement import Announcement

    announcement = Announcement(portal)

    def ready(base: str) -> None:
        told = announcement.of(base)
        echo(json.dumps(told))
        sys.stdout.flush()
        echo(err=True, before=click.style("The sandbox portal is open. In another shell:", fg="green"))
        bundle = f"B24_CA_BUNDLE={told['ca']} " if told["ca"] else ""
        echo(f"  {bundle}B24_WEBHOOK_URL={told['webhook']} b24-mcp call crm.deal.list", err=True)

    # A polite kill tidies up as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT))
    try:
        asyncio.run(serve(portal, host, port, ready, tls=certificates or False))
    except OSError as exc:
        raise click.ClickException(f"The sandbox cannot listen on {host}, port {port}: {exc.strerror}.") from None
    except KeyboardInterrupt:
        pass
