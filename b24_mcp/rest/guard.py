"""What a portal asks before a request goes out, and tells when it came back.

Who may do what is no business of this room: a `Guard` is given to the portal, and no request passes it by. It is asked
about what stands on the wire, read back from the request itself, so that nothing can differ from what was judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from b24_mcp.catalog import Version
from b24_mcp.errors import B24Error
from b24_mcp.rest.batch.commands import Command
from b24_mcp.rest.wire.answer import Answer
from b24_mcp.rest.wire.method_name import documented_name
from b24_mcp.rest.wire.params import Params, check_params
from b24_mcp.rest.wire.request import Format, Request, check_version


@dataclass(frozen=True, slots=True)
class Act:
    """One method that is to run.

    `params` are as they stand in the JSON; for a command of a batch of the older API, the query string it is written
    as. `name` is that of the command, or its label on the wire; empty for a call of its own.
    """

    method: str
    version: Version
    params: Params | str
    name: str = ""


class RequestHook(Protocol):
    """The way of one request, which may be sent several times."""

    async def going(self) -> None:
        """The request is about to be sent.

        Raises:
            B24Error: when it must not; nothing of this try was sent.
        """
        ...

    async def ended(self, outcome: Answer | B24Error | None) -> None:
        """What came of it; None when nobody waited for the answer any longer."""
        ...


class Guard(Protocol):
    """Decides what may go to a portal. `permit` is what a person allowed; only the guard knows what is in it."""

    def review(self, acts: Sequence[Act], permit: object | None) -> None:
        """Judge everything that a call or a batch is to do, before any of it is sent.

        Raises:
            B24Error: of kind `policy` or `approval`; nothing was sent.
        """
        ...

    def admit(self, acts: Sequence[Act], permit: object | None) -> RequestHook:
        """Judge one request by what stands in it.

        Raises:
            B24Error: of kind `policy` or `approval`; it was not sent.
        """
        ...


class OpenWay:
    """The guard and the passage of a portal that nobody guards."""

    def review(self, acts: Sequence[Act], permit: object | None) -> None:
        """Everything may go."""

    def admit(self, acts: Sequence[Act], permit: object | None) -> OpenWay:
        """Everything may go."""
        return self

    async def going(self) -> None:
        """Nothing to note."""

    async def ended(self, outcome: Answer | B24Error | None) -> None:
        """Nothing to note."""


def act_of_call(method: str, params: Params | None, version: Version = "v2", format: Format = "json") -> Act:
    """Check a call as a whole; gives it as it will be sent.

    Raises:
        B24Error: for a method name, parameters or a version that cannot be sent.
    """
    params = {} if params is None else params
    method = documented_name(method)
    check_params(params, method)
    check_version(version, params, format, method)
    return Act(method, version, params)


def acts_of_batch(commands: Sequence[Command]) -> list[Act]:
    """Checked commands as acts, their references not yet replaced."""
    return [Act(command.method, command.version, command.params, command.name) for command in commands]


def acts_on_the_wire(request: Request) -> list[Act]:
    """Read back from a request which methods it runs, as the portal will read it.

    Sources: documentation, settings/how-to-call-rest-api/batch and api-reference/rest-v3; measured behaviour for where
    the method of a command ends.
    """
    if request.method.lower() != "batch":
        return [Act(request.method, request.version, request.body)]
    if request.version == "v3":
        return [Act(item["method"], "v3", item["query"], item.get("as", "")) for item in request.body]
    return [_command(label, text) for label, text in request.body["cmd"].items()]


def _command(label: str, text: str) -> Act:
    method, _, query = text.partition("#")[0].partition("?")
    return Act(method, "v2", query, label)
