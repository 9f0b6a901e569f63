"""The choice of the commands of the next request.

Commands run in the order in which they are written. A request holds up to 50 of them, all of one generation of the API.
A command that writes and refers to another command of the request begins the next request, because its value has to be
known and checked first: a chain of writes takes one request for each link. A command that only reads may keep such a
reference for the portal to replace. A command that a batch cannot express without loss is sent as a single call, at its
place. Source: documentation, settings/how-to-call-rest-api/batch and api-reference/rest-v3; measured behaviour.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from b24_mcp.catalog import Version, is_reading
from b24_mcp.rest.batch.commands import Command
from b24_mcp.rest.batch.ledger import Ledger
from b24_mcp.rest.batch.outcomes import NotRun
from b24_mcp.rest.batch.references import NoValueError
from b24_mcp.rest.batch.resolved_command import ResolvedCommand, WaitsForValueError

COMMANDS_PER_REQUEST = 50
_MOST_TRIES = 5


class CommandResolver(Protocol):
    """The part of `BatchV2` and `BatchV3` that the planner needs."""

    def resolve(self, command: Command, ledger: Ledger) -> ResolvedCommand:
        """Replace the references of a command. Raises `NoValueError` or `WaitsForValueError`."""
        ...


@dataclass(slots=True)
class RequestPlanner:
    """The commands that are still to be sent, in order. `resolvers` encodes commands, by generation of the API."""

    pending: deque[Command]
    resolvers: Mapping[Version, CommandResolver]
    ledger: Ledger
    _tries: Counter[str] = field(default_factory=Counter)
    _groups: dict[str, int] = field(default_factory=dict)
    """The group of each command that was refused together with others and is sent again in a smaller request."""

    def next_request(self) -> list[ResolvedCommand]:
        """Remove the commands of the next request from `pending` and return them; an empty list ends the batch.

        A command that has to be a single call is returned alone. A command that cannot run gets its outcome here.
        """
        request: list[ResolvedCommand] = []
        pending, ledger = self.pending, self.ledger
        while pending and len(request) < COMMANDS_PER_REQUEST and ledger.halted_after is None:
            command = pending[0]
            if request and not self._goes_with(command, request):
                break
            try:
                resolved = self.resolvers[command.version].resolve(command, ledger)
            except WaitsForValueError:
                break
            except NoValueError as exc:
                if request and ledger.halt:  # whether this command is reached depends on those before it
                    break
                ledger.record(command.name, NotRun(str(exc)))
                pending.popleft()
                continue
            if resolved.alone and request:
                break
            request.append(resolved)
            self._tries[command.name] += 1
            pending.popleft()
            if resolved.alone:
                break
        return request

    def put_back(self, commands: Sequence[Command]) -> None:
        """Return commands to the front of `pending`, in this order."""
        self.pending.extendleft(reversed(commands))

    def split(self, request: list[ResolvedCommand]) -> None:
        """Return the commands of a refused request to `pending`, to be sent again in two halves."""
        middle = len(request) // 2
        group = max(self._groups.values(), default=0)
        for position, resolved in enumerate(request):
            self._groups[resolved.command.name] = group + 1 + (position >= middle)
        self.put_back([resolved.command for resolved in request])

    def tries(self, command: Command) -> int:
        """Return how many times a command was sent."""
        return self._tries[command.name]

    def may_try_again(self, command: Command) -> bool:
        """Whether a command may be sent once more."""
        return self._tries[command.name] < _MOST_TRIES

    def _goes_with(self, command: Command, request: list[ResolvedCommand]) -> bool:
        first = request[0].command
        if command.version != first.version:
            return False
        if self._groups and self._groups.get(command.name) != self._groups.get(first.name):
            return False
        if self.ledger.halt:
            # A reference that leads to nothing halts the batch here, but the portal would go on to the write.
            keeps_reference = any(resolved.kept for resolved in request)
            return not keeps_reference or is_reading(command.method, command.version)
        return True
