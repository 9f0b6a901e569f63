"""`b24-mcp approve`: approval of a call that an assistant wants to make."""

from __future__ import annotations

import asyncio
import sys

import click

from b24_mcp.app.logs import configure_logging
from b24_mcp.cli.approval import is_interactive
from b24_mcp.cli.terminal import echo, one_line
from b24_mcp.errors import B24Error
from b24_mcp.secrets import Redactor
from b24_mcp.texts import for_user, language_of_user, text


@click.command()
@click.argument("code")
def approve(code: str) -> None:
    """Approve one call that an assistant wants to make.

    \b
    b24-mcp approve K7WQ2M9D

    Shows the call that waits under CODE and asks you. An assistant tells you the code when its client cannot ask you
    itself. The approval is valid once, for ten minutes, for
    exactly these arguments. The command must be run at a terminal.

    Exits with 0 when the call was approved, 1 when it was not, 2 when no call waits under this code.
    """
    redactor = Redactor()
    configure_logging(redactor)
    if not is_interactive():
        raise click.ClickException(for_user("Approval needs a person at a terminal. Nothing was approved."))
    try:
        asyncio.run(_approve(code, redactor))
    except B24Error as exc:
        raise click.ClickException(for_user(exc.fault.message)) from None
    except OSError as exc:
        raise click.ClickException(for_user(f"The approvals cannot be read: {exc}")) from None


async def _approve(code: str, redactor: Redactor) -> None:
    from b24_mcp.access import Approvals
    from b24_mcp.app.portal_factory import load_user_configuration
    from b24_mcp.state import open_state

    settings = load_user_configuration(redactor).settings
    if settings.state == "memory":
        said = "With B24_STATE=memory an approval cannot reach the server. Nothing was approved."
        raise click.ClickException(for_user(said))
    state = open_state(settings.state)
    try:
        approvals = Approvals(state)
        pending = await approvals.find(code)
        if pending is None:
            said = "Nothing waits under this code: it was used already, or its ten minutes are over."
            raise click.UsageError(for_user(said))
        language = language_of_user()
        asked_by = pending.client or text("approve.unnamed", language)
        echo(text("approve.asked_by", language, client=one_line(asked_by), user=one_line(pending.user)))
        echo(f"{redactor.redact(pending.said)}\n")
        if not click.confirm(text("approve.confirm", language), default=False):
            echo(text("approve.declined", language))
            sys.exit(1)
        if not await approvals.approve(code):
            said = "The ten minutes are over. Nothing was approved; let the assistant ask again."
            raise click.UsageError(for_user(said))
        echo(text("approve.done", language))
    finally:
        await state.aclose()
