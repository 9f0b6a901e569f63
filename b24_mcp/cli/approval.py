"""Approval of a call by the user at the terminal."""

from __future__ import annotations

import sys

import click

from b24_mcp.access import Gate, Permit, question
from b24_mcp.cli.terminal import echo
from b24_mcp.errors import our_error
from b24_mcp.rest import Act
from b24_mcp.secrets import Redactor


def permit_at_terminal(gate: Gate, act: Act, redactor: Redactor, *, approved: bool) -> Permit | None:
    """Return the permit for a call, or None when it needs no approval.

    The user is asked, unless the call is `approved` in advance.

    Raises:
        B24Error: `B24MCP_POLICY`, `B24MCP_APPROVAL` or `B24MCP_DECLINED`. Nothing was sent.
    """
    judgement = gate.judge([act])
    judgement.refuse()
    if not judgement.to_approve:
        return None
    if not approved:
        if not is_interactive():
            raise our_error(
                "B24MCP_APPROVAL",
                f"{act.method} needs approval, and there is no terminal to ask at.",
                method=act.method,
                hint="Nothing was sent. Add --yes to approve the call in advance.",
            )
        echo(question(judgement, gate.portal, redactor), err=True)
        if not click.confirm("Make this call?", default=False, err=True):
            raise our_error(
                "B24MCP_DECLINED", "The call was not approved.", method=act.method, hint="Nothing was sent."
            )
    return gate.permit([act])


def is_interactive() -> bool:
    """Whether a user at a terminal can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()
