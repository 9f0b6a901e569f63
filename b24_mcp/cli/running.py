"""One run of a command that answers: the application is opened, and every failure becomes an answer."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NoReturn

from b24_mcp.app.logs import configure_logging
from b24_mcp.cli.advice import for_terminal
from b24_mcp.cli.answers import View, print_answer
from b24_mcp.errors import B24Error
from b24_mcp.secrets import Redactor

if TYPE_CHECKING:
    from b24_mcp.app.answers.forms import Form
    from b24_mcp.app.app import App

    Question = Callable[[App], Awaitable[Form]]

_INTERRUPTED = 130


def answer_and_exit(command: str, question: Question, *, as_json: bool, view: View | None = None) -> NoReturn:
    """Print the answer to a question and exit: 0 for an answer, 1 for a failure, 130 after Ctrl-C.

    `command` is how the program is named in the audit log.
    """
    redactor = Redactor()
    configure_logging(redactor)
    try:
        form = for_terminal(asyncio.run(_answered(redactor, command, question)))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    print_answer(form, redactor, as_json=as_json, view=view)
    sys.exit(0 if form["ok"] else 1)


async def _answered(redactor: Redactor, command: str, question: Question) -> Form:
    # Imported here so that --help answers at once.
    from b24_mcp.access import Caller, calling, os_user
    from b24_mcp.app.answers.forms import failure_form
    from b24_mcp.app.app import open_app

    async with open_app(redactor) as app:
        try:
            with calling(Caller(os_user(), command)):
                return await question(app)
        except B24Error as exc:
            return failure_form(exc)
