"""The tokens of a login: requested, kept and deleted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from b24_mcp.config import Configuration

if TYPE_CHECKING:
    from b24_mcp.cli.login_target import LoginTarget
    from b24_mcp.rest.auth.oauth import AuthorizationConsent, PendingLogin
    from b24_mcp.state import Tokens


async def complete_login(
    configuration: Configuration, target: LoginTarget, pending: PendingLogin, consent: AuthorizationConsent
) -> Tokens:
    """Exchange the code of a consent for tokens, keep them, and return them.

    Raises:
        B24Error: when the authorization server refuses, or a login to another portal is kept under this name.
        OSError: when the tokens cannot be stored.
    """
    from b24_mcp.rest.auth.oauth import AuthorizationServer

    server = AuthorizationServer(target.application, configuration.settings.ca_bundle)
    tokens = await pending.complete(consent, server, time.time())
    await keep_tokens(configuration, target, tokens)
    return tokens


async def keep_tokens(configuration: Configuration, target: LoginTarget, tokens: Tokens) -> None:
    """Store the tokens of a login, sealed to its portal and application.

    Raises:
        B24Error: when a login to another portal is kept under this name.
        OSError: when the tokens cannot be stored.
    """
    from b24_mcp.rest.auth.oauth import save_login, sealed
    from b24_mcp.state import open_tokens

    store = open_tokens(configuration.settings.state)
    try:
        await save_login(store, target.name, sealed(tokens, target.name, target.application))
    finally:
        await store.aclose()


async def forget_login(configuration: Configuration, name: str) -> bool:
    """Delete the tokens of a login. Return False when there were none.

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
