"""The check of a webhook before it is kept: the portal says whose it is."""

from __future__ import annotations

import asyncio

from b24_mcp.cli.terminal import one_line
from b24_mcp.rest import Webhook
from b24_mcp.secrets import Redactor


def why_not_checked(deny: tuple[str, ...]) -> str | None:
    """Return the rule that forbids the check, or None when it is allowed. Only deny rules count.

    Raises:
        ValueError: when a glob is not valid.
    """
    from b24_mcp.access import AccessRules

    return AccessRules(deny=deny).why_refused("profile")


def webhook_owner(webhook: Webhook) -> str:
    """Return one line with the portal and the user of a webhook, as the portal names them.

    Raises:
        B24Error: when the portal does not answer.
    """
    redactor = Redactor()
    redactor.add(webhook.code)
    return redactor.redact(asyncio.run(_ask(webhook)))


async def _ask(webhook: Webhook) -> str:
    from b24_mcp.rest import Portal

    portal = Portal(webhook)
    try:
        profile = (await portal.call("profile")).result
    finally:
        await portal.aclose()
    name = one_line(" ".join(str(profile.get(part) or "") for part in ("NAME", "LAST_NAME")))
    role = ", administrator" if profile.get("ADMIN") else ""
    return f"{webhook.host}: {name or 'user ' + str(profile.get('ID'))}{role}"
