"""`b24-mcp login` and `b24-mcp logout`: access to a portal as an application, by the consent of a user."""

from __future__ import annotations

import asyncio
import os
import sys
import time
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from b24_mcp.app.logs import configure_logging
from b24_mcp.cli.advice import advice
from b24_mcp.cli.login_target import login_name, login_target
from b24_mcp.cli.login_tokens import complete_login, forget_login, keep_tokens
from b24_mcp.cli.terminal import echo
from b24_mcp.config import Configuration, ConfigurationError, load_configuration
from b24_mcp.config.secrets import SecretsError
from b24_mcp.config.settings import SettingsError
from b24_mcp.errors import B24Error, our_error
from b24_mcp.secrets import Redactor
from b24_mcp.texts import for_user

if TYPE_CHECKING:
    from b24_mcp.cli.login_target import LoginTarget
    from b24_mcp.rest.auth.oauth import PendingLogin
    from b24_mcp.state import Tokens

_PORT = 8025


@click.command()
@click.argument("target", metavar="[NAME|ADDRESS]", required=False)
@click.option("--client-id", metavar="ID", help="The application, for an ADDRESS that is not configured.")
@click.option("--port", type=click.IntRange(1, 65535), default=_PORT, show_default=True, help="Port of the callback.")
@click.option("--no-browser", is_flag=True, help="Print the address and do not open a browser.")
@click.option(
    "--paste",
    is_flag=True,
    help="Use no callback. Paste the address that the browser was sent to, or the code in it.",
)
@click.option(
    "--wait",
    metavar="SECONDS",
    type=click.FloatRange(1),
    default=300.0,
    show_default=True,
    help="How long to wait for the browser.",
)
@click.option(
    "--from-install-event",
    "event",
    metavar="FILE",
    help="Read the tokens from the event that Bitrix24 sends when an application without an interface is installed. "
    "- reads stdin.",
)
def login(
    target: str | None, client_id: str | None, port: int, no_browser: bool, paste: bool, wait: float, event: str | None
) -> None:
    """Log in to a portal as an application, in the browser.

    \b
    b24-mcp login
    b24-mcp login sales
    b24-mcp login https://acme.bitrix24.com --client-id local.1

    NAME is a portal of `b24-mcp portals list`. The default is the portal of B24_PORTAL, then the default portal.

    In Bitrix24, set the address of the application to http://127.0.0.1:8025/callback, with the port given here. With
    --paste it can be any address.

    The client secret is read from B24_CLIENT_SECRET, or typed at a hidden prompt.

    Exits with 0 when the tokens are kept. Exits with 1 when the login failed; tokens of an earlier login are then
    unchanged.
    """
    redactor = Redactor()
    configure_logging(redactor)
    try:
        configuration = load_configuration()
        meant = login_target(configuration, target, client_id, redactor, _ask_secret)
        if event is not None:
            tokens = _from_event(meant, event)
            redactor.add(tokens.access_token)
            redactor.add(tokens.refresh_token)
            asyncio.run(keep_tokens(configuration, meant, tokens))
        else:
            from b24_mcp.rest.auth.oauth import begin_login

            pending = begin_login(meant.portal, meant.application)
            tokens = (
                _by_paste(configuration, meant, pending, redactor)
                if paste
                else _by_callback(configuration, meant, pending, redactor, port, wait, browser=not no_browser)
            )
    except (B24Error, ConfigurationError, SecretsError, SettingsError, OSError, ValueError) as exc:
        raise click.ClickException(redactor.redact(_message(exc))) from None
    _print_outcome(meant, tokens)


@click.command()
@click.argument("target", metavar="[NAME|ADDRESS]", required=False)
def logout(target: str | None) -> None:
    """Delete the tokens of a login from this computer.

    Bitrix24 has no API to end a login. To make the tokens invalid there, remove the application from the portal.
    """
    try:
        configuration = load_configuration()
        name = login_name(configuration, target)
        existed = asyncio.run(forget_login(configuration, name))
    except (B24Error, ConfigurationError, SettingsError, OSError, ValueError) as exc:
        raise click.ClickException(_message(exc)) from None
    echo(f"The login {name} is deleted." if existed else f"There is no login {name}.")


def _ask_secret() -> str:
    if not sys.stdin.isatty():
        raise our_error("B24MCP_SETTINGS", "B24_CLIENT_SECRET is not set, and there is no terminal to ask for it.")
    return str(click.prompt(for_user("Client secret"), hide_input=True, err=True)).strip()


def _by_paste(configuration: Configuration, target: LoginTarget, pending: PendingLogin, redactor: Redactor) -> Tokens:
    echo("Open this address in a browser, on any computer, and agree:", err=True)
    echo(pending.address, err=True)
    echo("Then paste the address the browser was sent to, or the code in it, within 30 seconds:", err=True)
    consent = pending.read_pasted(sys.stdin.readline())
    redactor.add(consent.code)
    return asyncio.run(complete_login(configuration, target, pending, consent))


def _by_callback(
    configuration: Configuration,
    target: LoginTarget,
    pending: PendingLogin,
    redactor: Redactor,
    port: int,
    seconds: float,
    *,
    browser: bool,
) -> Tokens:
    from b24_mcp.cli.callback import PATH, Callback

    try:
        callback = Callback(port, pending.read_redirect)
    except OSError as exc:
        raise OSError(f"Port {port} cannot be used ({exc.strerror}): choose another with --port, or --paste") from None
    with callback:
        echo(f"Waiting for the browser at http://127.0.0.1:{port}{PATH}.", err=True)
        opened = browser and webbrowser.open(pending.address)
        echo("If no browser opened, open this address:" if opened else "Open this address and agree:", err=True)
        echo(pending.address, err=True)
        consent = callback.wait(seconds)
        if consent is None:
            raise our_error("B24MCP_CONSENT", f"Nothing came back within {seconds:g} seconds.")
        redactor.add(consent.code)
        try:
            tokens = asyncio.run(complete_login(configuration, target, pending, consent))
        except (B24Error, OSError) as exc:
            callback.answer("The login failed", redactor.redact(_message(exc)))
            raise
        callback.answer("Logged in", "b24-mcp has the tokens. You can close this page.")
    return tokens


def _from_event(target: LoginTarget, source: str) -> Tokens:
    from b24_mcp.rest.auth.oauth import read_install_event

    text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
    return read_install_event(text, target.portal, target.application, time.time())


def _print_outcome(target: LoginTarget, tokens: Tokens) -> None:
    host = tokens.endpoint.partition("://")[2]
    user = "" if tokens.user_id is None else f" as user {tokens.user_id}"
    echo(f"Logged in to {host}{user}; the login is kept as {target.name}.")
    if host != target.portal.host:
        echo(f"{target.portal.host} has moved to {host}.")
    if tokens.scope:
        echo(f"Scopes: {tokens.scope}")
    if not target.is_configured:
        secret = "" if os.environ.get("B24_CLIENT_SECRET") else " and B24_CLIENT_SECRET"
        echo(
            f"For the server, set B24_PORTAL={target.portal.origin}, B24_CLIENT_ID={tokens.client_id}{secret}.",
            err=True,
        )


def _message(exc: Exception) -> str:
    if isinstance(exc, B24Error):
        return f"{exc.fault.code}: {exc.fault.message} {advice(exc.fault)}"
    return str(exc)
