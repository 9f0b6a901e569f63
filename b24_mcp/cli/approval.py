"""Approval of a call by the user at the terminal."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from b24_mcp.cli.terminal import echo
from b24_mcp.errors import our_error
from b24_mcp.texts import Language, text

if TYPE_CHECKING:
    from b24_mcp.app.approval import Answered, Opened


@dataclass(frozen=True, slots=True)
class TerminalQuestion:
    """Asks at the terminal about a call of the user's own, an `AskUser`. With `approved` no question is asked."""

    approved: bool

    @property
    def longest(self) -> None:
        """A terminal shows questions of any length."""
        return None

    @property
    def can_ask(self) -> bool:
        """Always true: without a terminal, `ask` raises an error for the user."""
        return True

    async def ask(self, question: str, language: Language) -> Answered:
        """Show the question and read the answer.

        Raises:
            B24Error: `B24MCP_APPROVAL` without a terminal. Nothing was sent.
        """
        if self.approved:
            return "allowed"
        if not is_interactive():
            raise our_error(
                "B24MCP_APPROVAL",
                "The call needs approval, and there is no terminal to ask at.",
                hint="Nothing was sent. Add --yes to approve the call in advance.",
            )
        echo(question, err=True)
        return "allowed" if click.confirm(text("question.make", language), default=False, err=True) else "refused"

    @property
    def can_open(self) -> bool:
        """Always false: the user is asked here."""
        return False

    async def open(self, address: str, code: str, question: str, language: Language) -> Opened:
        """Never called, because `can_open` is false."""
        return "not asked"

    async def closed(self, code: str) -> None:
        """Never called, because `can_open` is false."""


def is_interactive() -> bool:
    """Whether a user at a terminal can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()
