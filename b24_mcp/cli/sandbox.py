"""`b24-mcp sandbox`: the sandbox portal as a service for other programs."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

import click

from b24_mcp.cli.terminal import echo

if TYPE_CHECKING:
    from b24_sandbox import Sandbox
    from b24_sandbox.certificates import Certificates

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class SandboxOptions(TypedDict):
    """The options that are passed on to the sandbox portal unchanged."""

    name: str | None
    oauth_name: str | None
    allow_http: bool
    empty: bool
    handler: str
    token_lifetime: float
    plan: Literal["basic", "enterprise", "none"]
    latency: float
    row_latency: float
    offset_latency: float
    cost: float | None
    accounting: Literal["methods", "batch"]


class WebhookType(click.ParamType[str]):
    """The user id and the code of a webhook, such as `1/abc123`."""

    name = "USER/CODE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the value when the id has digits only, and the code letters and digits only."""
        text = str(value)
        user, _, code = text.partition("/")
        if not (user.isascii() and user.isdigit() and code.isascii() and code.isalnum()):
            self.fail(f"{text} is not a user id and a code, such as 1/abc123", param, ctx)
        return text


_SECONDS = click.FloatRange(0)


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on. An address that other computers can reach needs --tls.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8025,
    show_default=True,
    help="The port to listen on. 0 chooses a free port.",
)
@click.option("--tls", is_flag=True, help="Serve HTTPS, with a certificate from an authority created for it.")
@click.option("--name", metavar="HOST", help="Host name of the portal, for its links and its certificate.")
@click.option("--oauth-name", metavar="HOST", help="Host name of the authorization server, if it has its own.")
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the certificate authority of --tls in this folder, so that clients have to trust it only once.",
)
@click.option("--allow-http", is_flag=True, help="Accept webhooks over plain HTTP from other computers.")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="Keep the data in this SQLite file.")
@click.option("--empty", is_flag=True, help="Start without the invented company.")
@click.option("--seed", "deals", metavar="N", type=click.IntRange(0), default=0, help="Add deals until there are N.")
@click.option("--webhook", type=WebhookType(), help="Set the webhook of the administrator.")
@click.option(
    "--handler",
    metavar="URL",
    default="http://127.0.0.1/handler",
    show_default=True,
    help="Redirect address of the application after consent.",
)
@click.option(
    "--token-lifetime",
    metavar="SECONDS",
    type=_SECONDS,
    default=3600.0,
    show_default=True,
    help="Lifetime of access tokens.",
)
@click.option(
    "--plan",
    type=click.Choice(["basic", "enterprise", "none"]),
    default="none",
    show_default=True,
    help="The rate limits to apply.",
)
@click.option("--latency", metavar="SECONDS", type=_SECONDS, default=0.0, help="Delay each request.")
@click.option("--row-latency", metavar="SECONDS", type=_SECONDS, default=0.0, help="Add a delay for each row.")
@click.option(
    "--offset-latency", metavar="SECONDS", type=_SECONDS, default=0.0, help="Add a delay for each skipped row."
)
@click.option("--cost", metavar="SECONDS", type=_SECONDS, help="Report this operating time for each call.")
@click.option(
    "--accounting",
    type=click.Choice(["methods", "batch"]),
    default="methods",
    show_default=True,
    help="Count the operating time of a batch for the methods in it, or for the method batch.",
)
@click.option("--faults", is_flag=True, help="Offer /sandbox/faults and /sandbox/log.")
def sandbox(
    host: str,
    port: int,
    tls: bool,
    state: Path | None,
    db: Path | None,
    deals: int,
    webhook: str | None,
    faults: bool,
    **options: Unpack[SandboxOptions],
) -> None:
    """Serve the sandbox portal for other programs.

    \b
    b24-mcp sandbox
    b24-mcp sandbox --tls --seed 2000

    When the portal listens, its addresses and credentials go to stdout as one line of JSON. Everything else goes to
    stderr. Ctrl-C stops it.

    Other computers can reach it only with --tls, because a portal refuses webhooks over plain HTTP. --allow-http
    removes both restrictions.
    """
    if host not in _LOOPBACK and not tls and not options["allow_http"]:
        raise click.UsageError(f"Other computers can reach {host}: add --tls (or --allow-http).")
    with ExitStack() as stack:
        names = [options["name"], options["oauth_name"], host if host in _LOOPBACK else None]
        certificates = _certificates(stack, state, names) if tls else None
        portal = _open(db, deals, webhook, faults, options)
        stack.callback(portal.close)
        _serve(portal, host, port, certificates)


def _open(db: Path | None, deals: int, webhook: str | None, control: bool, options: SandboxOptions) -> Sandbox:
    """Return the portal with its data.

    Raises:
        click.ClickException: when the database cannot be used.
    """
    import sqlite3

    from b24_sandbox import DEMO_WEBHOOK, Sandbox

    file = ":memory:" if db is None else db
    try:
        return Sandbox(file, webhook=webhook or DEMO_WEBHOOK, control=control, deals=deals, **options)
    except (sqlite3.Error, ValueError) as exc:
        raise click.ClickException(f"{db} cannot be used as a database: {exc}.") from None


def _certificates(stack: ExitStack, state: Path | None, names: list[str | None]) -> Certificates:
    from b24_sandbox.certificates import issue

    if state is None:
        import tempfile

        state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="b24-sandbox-")))
    try:
        return issue(state, [name for name in names if name])
    except (OSError, ValueError) as exc:
        raise click.ClickException(f"No certificate could be created in {state}: {exc}.") from None


def _serve(portal: Sandbox, host: str, port: int, certificates: Certificates | None) -> None:
    import signal

    from b24_sandbox import serve
    from b24_sandbox.announcement import Announcement

    announcement = Announcement(portal)

    def ready(base: str) -> None:
        announced = announcement.of(base)
        echo(json.dumps(announced))
        sys.stdout.flush()
        echo(err=True, before=click.style("The sandbox portal is running. In another shell:", fg="green"))
        bundle = f"B24_CA_BUNDLE={announced['ca']} " if announced["ca"] else ""
        echo(f"  {bundle}B24_WEBHOOK_URL={announced['webhook']} b24-mcp call crm.deal.list", err=True)

    # SIGTERM cleans up as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT))
    try:
        asyncio.run(serve(portal, host, port, ready, tls=certificates or False))
    except OSError as exc:
        raise click.ClickException(f"The sandbox cannot listen on {host}, port {port}: {exc.strerror}.") from None
    except KeyboardInterrupt:
        pass
