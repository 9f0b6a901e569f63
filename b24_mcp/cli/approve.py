"""`b24-mcp approve`: a person reads what an assistant wants to do, and lets it through once."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from b24_mcp.app.logs import configure_logging

if TYPE_CHECKING:
    from b24_mcp.app.approval import Answered
from b24_mcp.cli.terminal import echo, one_line
from b24_mcp.errors import B24Error, our_error
from b24_mcp.secrets import Redactor


@click.command()
@click.argument("code")
def approve(code: str) -> None:
    """Approve the call that waits under CODE, after reading what it does.

    An assistant was told the code because its client could not ask you. The call may then be made once, within ten
    minutes, with exactly these arguments. It takes a terminal and a person at it.

    Ends with 0 when the call was approved, 1 when it was not, 2 when there is no such call.
    """
    redactor = Redactor()
    configure_logging(redactor)
    if not _somebody_is_there():
        raise click.ClickException("Approving takes a person at a terminal: this is none.")
    try:
        asyncio.run(_approve(code, redactor))
    except B24Error as exc:
        raise click.ClickException(exc.fault.message) from None
    except OSError as exc:
        raise click.ClickException(f"The approvals cannot be read: {exc}") from None


async def _approve(code: str, redactor: Redactor) -> None:
    from b24_mcp.access import Approvals
    from b24_mcp.app.portal_factory import load_user_configuration
    from b24_mcp.state import open_state

    settings = load_user_configuration(redactor).settings
    if settings.state == "memory":
        raise click.ClickException("With B24_STATE=memory approvals cannot reach the server.")
    state = open_state(settings.state)
    try:
        approvals = Approvals(state)
        pending = await approvals.find(code)
        if pending is None:
            raise click.UsageError("Nothing waits under this code: it was used, or its ten minutes are over.")
        asked_by = pending.client or "a client without a name"
        echo(f"Asked by {one_line(asked_by)}, for {one_line(pending.user)}.\n{redactor.redact(pending.said)}\n")
        if not click.confirm("Let exactly this be done, once?", default=False):
            echo("Nothing was approved.")
            sys.exit(1)
        if not await approvals.approve(code):
            raise click.UsageError("Its ten minutes are over: let the assistant ask again.")
        echo("Approved for ten minutes. Tell the assistant to make the same call again.")
    finally:
        await state.aclose()


@dataclass(frozen=True, slots=True)
class TerminalQuestion:
    """Asks at the terminal about a call of the user's own, an `AskUser`. With `yes` everything is approved."""

    yes: bool

    @property
    def longest(self) -> None:
        """A terminal shows questions of any length."""
        return None

    @property
    def can_ask(self) -> bool:
        """Always: without a terminal, `ask` raises an error for the person."""
        return True

    async def ask(self, question: str) -> Answered:
        """Show the question and read the answer.

        Raises:
            B24Error: `B24MCP_APPROVAL` without a terminal; nothing was sent.
        """
        if self.yes:
            return "allowed"
        if not _somebody_is_there():
            raise our_error(
                "B24MCP_APPROVAL",
                "The call needs approval, and there is no terminal to ask for it.",
                hint="Nothing was sent. --yes approves it beforehand.",
            )
        echo(question, err=True)
        return "allowed" if click.confirm("Do it?", default=False, err=True) else "declined"


def _somebody_is_there() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()
