"""`b24-mcp login` and `b24-mcp logout`: opening a portal as an application, by the consent of a person."""

from __future__ import annotations

import asyncio
import os
import sys
import time
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from b24_mcp.cli.advice import advice
from b24_mcp.cli.terminal import echo
from b24_mcp.config import Configuration, ConfigurationError, load_configuration
from b24_mcp.config.secrets import SecretsError
from b24_mcp.config.settings import SettingsError
from b24_mcp.errors import B24Error, our_error
from b24_mcp.secrets import Redactor
from b24_mcp.server.logs import configure_logging

if TYPE_CHECKING:
    from b24_mcp.rest.auth.address import PortalAddress
    from b24_mcp.rest.auth.oauth import Application, AuthorizationConsent, PendingLogin
    from b24_mcp.state import Tokens

_PORT = 8025


@dataclass(frozen=True, slots=True)
class _Target:
    """Whose login it is: `name` is the one the server will look for."""

    name: str
    portal: PortalAddress
    application: Application
    is_configured: bool


@click.command()
@click.argument("target", metavar="[NAME|ADDRESS]", required=False)
@click.option("--client-id", metavar="ID", help="The application, for an ADDRESS that is not configured.")
@click.option("--port", type=click.IntRange(1, 65535), default=_PORT, show_default=True, help="Of the callback.")
@click.option("--no-browser", is_flag=True, help="Only print the address to open.")
@click.option("--paste", is_flag=True, help="No callback: paste the address the browser was sent to, or its code.")
@click.option("--wait", metavar="SECONDS", type=click.FloatRange(1), default=300.0, help="For the browser (300).")
@click.option(
    "--from-install-event",
    "event",
    metavar="FILE",
    help="Take the tokens from what Bitrix24 sent to an application that uses the API only; - for stdin.",
)
def login(
    target: str | None, client_id: str | None, port: int, no_browser: bool, paste: bool, wait: float, event: str | None
) -> None:
    """Log in to a portal as an application, in the browser.

    NAME is a portal of b24-mcp portals; without it the portal of B24_PORTAL or the default is meant. In the settings of
    the application in Bitrix24 its address must be http://127.0.0.1:8025/callback, with the port given here; with
    --paste it may be any.

    The client secret is read from B24_CLIENT_SECRET or asked for unseen. Ends with 0 when the tokens are kept, else
    with 1; then what was kept before still is.
    """
    redactor = Redactor()
    configure_logging(redactor)
    try:
        configuration = load_configuration()
        wanted = _target(configuration, target, client_id, redactor)
        if event is not None:
            tokens = _from_event(wanted, event)
            redactor.add(tokens.access_token)
            redactor.add(tokens.refresh_token)
            asyncio.run(_keep(configuration, wanted, tokens))
        else:
            from b24_mcp.rest.auth.oauth import begin_login

            pending = begin_login(wanted.portal, wanted.application)
            tokens = (
                _by_paste(configuration, wanted, pending, redactor)
                if paste
                else _by_callback(configuration, wanted, pending, redactor, port, wait, browser=not no_browser)
            )
    except (B24Error, ConfigurationError, SecretsError, SettingsError, OSError, ValueError) as exc:
        raise click.ClickException(redactor.redact(_said(exc))) from None
    _tell(wanted, tokens)


@click.command()
@click.argument("target", metavar="[NAME|ADDRESS]", required=False)
def logout(target: str | None) -> None:
    """Forget the tokens of a login.

    Bitrix24 has no way to end a login from outside: until then removing the application there does.
    """
    try:
        configuration = load_configuration()
        name = _name(configuration, target)
        known = asyncio.run(forget(configuration, name))
    except (B24Error, ConfigurationError, SettingsError, OSError, ValueError) as exc:
        raise click.ClickException(_said(exc)) from None
    echo(f"The login {name} is forgotten." if known else f"There is no login {name}.")


def _target(configuration: Configuration, target: str | None, client_id: str | None, redactor: Redactor) -> _Target:
    """Find out whose login is meant.

    Raises:
        B24Error, ConfigurationError: when that is not clear.
    """
    from b24_mcp.app.logins import configured_application
    from b24_mcp.rest.auth.address import parse_portal
    from b24_mcp.rest.auth.oauth import Application

    settings = configuration.settings
    name = _name(configuration, target)
    entry = configuration.portals.get(name)
    if entry is not None:
        if entry.address is None or entry.client_id is None:
            raise ConfigurationError(f"The portal {name} is opened by a webhook and needs no login")
        secret = configuration.client_secret(name, configuration.open_secrets())
        redactor.add(secret)
        application = Application(entry.client_id, secret, settings.oauth_server)
        return _Target(name, parse_portal(entry.address), application, True)
    own = None if settings.portal is None else parse_portal(settings.portal)
    if own is not None and own.host == name and client_id in (None, settings.client_id) and settings.client_secret:
        portal, application = configured_application(settings)
        redactor.add(application.client_secret)
        return _Target(name, portal, application, True)
    client = client_id or settings.client_id
    if client is None:
        raise our_error("B24MCP_SETTINGS", "It is not said which application asks: give --client-id or B24_CLIENT_ID.")
    portal = own if own is not None and own.host == name else parse_portal(target or name)
    secret = settings.client_secret.get_secret_value() if settings.client_secret else _asked_secret()
    redactor.add(secret)
    return _Target(name, portal, Application(client, secret, settings.oauth_server), False)


def _name(configuration: Configuration, target: str | None) -> str:
    """The name a login is kept under: that of the portal in the file, else the host."""
    from b24_mcp.rest.auth.address import parse_portal

    if target is None and configuration.settings.portal is not None:
        return parse_portal(configuration.settings.portal).host
    if target is None and configuration.default in configuration.portals:
        return configuration.default
    if target is None:
        raise our_error("B24MCP_SETTINGS", "No portal is configured that could be meant: name one.")
    if target in configuration.portals:
        return target
    if "." not in target and "://" not in target:
        names = ", ".join(name for name, one in configuration.portals.items() if one.is_oauth) or "none"
        raise ConfigurationError(f"There is no portal {target!r} in {configuration.file}; those with a login: {names}")
    return parse_portal(target).host


def _asked_secret() -> str:
    if not sys.stdin.isatty():
        raise our_error("B24MCP_SETTINGS", "B24_CLIENT_SECRET is not set, and there is no terminal to ask for it.")
    return str(click.prompt("Client secret", hide_input=True, err=True)).strip()


def _by_paste(configuration: Configuration, wanted: _Target, pending: PendingLogin, redactor: Redactor) -> Tokens:
    echo("Open this address in a browser, on any computer, and agree:", err=True)
    echo(pending.address, err=True)
    echo("Then paste the address you were sent to, or the code in it, within 30 seconds:", err=True)
    consent = pending.read_pasted(sys.stdin.readline())
    redactor.add(consent.code)
    return asyncio.run(_complete(configuration, wanted, pending, consent))


def _by_callback(
    configuration: Configuration,
    wanted: _Target,
    pending: PendingLogin,
    redactor: Redactor,
    port: int,
    seconds: float,
    *,
    browser: bool,
) -> Tokens:
    from b24_mcp.cli.callback import PATH, Callback
    from b24_mcp.rest.auth.oauth import AuthorizationConsent

    try:
        callback = Callback(port, pending.read_redirect)
    except OSError as exc:
        raise OSError(f"Port {port} cannot be used ({exc.strerror}): choose another with --port, or --paste") from None
    with callback:
        echo(f"Waiting at http://127.0.0.1:{port}{PATH} for the browser.", err=True)
        opened = browser and webbrowser.open(pending.address)
        echo("If no browser opened, open this address:" if opened else "Open this address and agree:", err=True)
        echo(pending.address, err=True)
        consent = callback.wait(seconds)
        if not isinstance(consent, AuthorizationConsent):
            raise our_error("B24MCP_CONSENT", f"Nothing came back within {seconds:g} seconds.")
        redactor.add(consent.code)
        try:
            tokens = asyncio.run(_complete(configuration, wanted, pending, consent))
        except (B24Error, OSError) as exc:
            callback.answer("The login failed", redactor.redact(_said(exc)))
            raise
        callback.answer("Logged in", "b24-mcp has its tokens. You can close this page.")
    return tokens


async def _complete(
    configuration: Configuration, wanted: _Target, pending: PendingLogin, consent: AuthorizationConsent
) -> Tokens:
    from b24_mcp.rest.auth.oauth import AuthorizationServer

    server = AuthorizationServer(wanted.application, configuration.settings.ca_bundle)
    tokens = await pending.complete(consent, server, time.time())
    await _keep(configuration, wanted, tokens)
    return tokens


async def _keep(configuration: Configuration, wanted: _Target, tokens: Tokens) -> None:
    from b24_mcp.rest.auth.oauth import save_login, sealed
    from b24_mcp.state import open_tokens

    store = open_tokens(configuration.settings.state)
    try:
        await save_login(store, wanted.name, sealed(tokens, wanted.name, wanted.application))
    finally:
        await store.aclose()


async def forget(configuration: Configuration, name: str) -> bool:
    """Delete the tokens of a login; False when there were none.

    Raises:
        OSError: when the store cannot be used.
    """
    from b24_mcp.state import open_tokens

    store = open_tokens(configuration.settings.state)
    try:
        async with store.alone(name) as lease:
            return await lease.forget()
    finally:
        await store.aclose()


def _from_event(wanted: _Target, source: str) -> Tokens:
    from b24_mcp.rest.auth.oauth import read_install_event

    text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
    return read_install_event(text, wanted.portal, wanted.application, time.time())


def _tell(wanted: _Target, tokens: Tokens) -> None:
    host = tokens.endpoint.partition("://")[2]
    user = "" if tokens.user_id is None else f" as user {tokens.user_id}"
    echo(f"Logged in to {host}{user}; the login is kept as {wanted.name}.")
    if host != wanted.portal.host:
        echo(f"{wanted.portal.host} is at {host} now.")
    if tokens.scope:
        echo(f"Scopes: {tokens.scope}")
    if not wanted.is_configured:
        secret = "" if os.environ.get("B24_CLIENT_SECRET") else " and B24_CLIENT_SECRET"
        echo(
            f"For the server set B24_PORTAL={wanted.portal.origin}, B24_CLIENT_ID={tokens.client_id}{secret}.", err=True
        )


def _said(exc: Exception) -> str:
    if isinstance(exc, B24Error):
        return f"{exc.fault.code}: {exc.fault.message} {advice(exc.fault)}"
    return str(exc)
