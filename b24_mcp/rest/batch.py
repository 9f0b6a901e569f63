"""Running the commands of a batch: as few requests as possible, and an account of every command.

A request takes 50 commands. More are sent in several requests, in order; a reference that crosses from one request
to the next is replaced by the value that is known by then. A command that a query string cannot say without loss
(null, an empty list) goes as a call of its own, at its place. A command that a limit refused is sent again, and so
is one that only reads and whose answer was lost; one that succeeded never is. Source: documentation,
settings/how-to-call-rest-api/batch; measured behaviour.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from b24_mcp.catalog import is_reading
from b24_mcp.rest.answer import Answer, CallTime, Format
from b24_mcp.rest.commands import Command
from b24_mcp.rest.errors import B24Error, Fault
from b24_mcp.rest.outcomes import BatchAnswer, BatchMaps, Failed, NotRun, Outcome, Succeeded
from b24_mcp.rest.params import NotExpressibleError, Params, query_string
from b24_mcp.rest.references import NoValueError, Reference, replace_references, replaced_by_portal
from b24_mcp.rest.retries import is_refused_by_limit

COMMANDS_PER_REQUEST = 50
_MOST_ROUNDS = 5

# Labels become JSON keys, and names of XML elements, where a number is lost and `item` means an entry of a list.
_LABEL = {"json": re.compile(r"[A-Za-z0-9_]+"), "xml": re.compile(r"(?!item$)[A-Za-z_][A-Za-z0-9_]*")}


class Door(Protocol):
    """What running a batch needs of the portal."""

    async def send(self, method: str, params: Params, methods: Sequence[str]) -> Answer:
        """Deliver one request; `methods` are all it runs. Raises `B24Error`."""
        ...

    async def learn(self, method: str, time: CallTime | None) -> None:
        """Note the working time of one command."""
        ...

    async def learn_refusal(self, method: str, fault: Fault) -> None:
        """Note that a limit refused one command."""
        ...

    def is_patient(self) -> bool:
        """Whether there is time left to begin anything."""
        ...


@dataclass(slots=True)
class _Bound:
    """A command whose references to answered commands are replaced by values, ready to be written down."""

    command: Command
    params: Params
    query: str | None
    """None when the command cannot be said in a query string and has to be a call of its own."""


@dataclass(slots=True)
class BatchRun:
    """One run of checked commands through the door of a portal."""

    commands: list[Command]
    halt: bool
    format: Format
    door: Door
    _outcomes: dict[str, Outcome] = field(default_factory=dict)
    _values: dict[str, dict[str, Any]] = field(default_factory=dict)
    _labels: dict[str, str] = field(default_factory=dict)
    _pending: list[Command] = field(default_factory=list)
    _rounds: Counter[str] = field(default_factory=Counter)
    _requests: int = 0
    _halted_after: str | None = None
    _error: B24Error | None = None
    _stopped: bool = False
    _warnings: tuple[str, ...] = ()

    async def run(self) -> BatchAnswer:
        """Send everything that may be sent and account for every command; raises no `B24Error`."""
        self._labels = _labels(self.commands, self.format)
        self._pending = list(self.commands)
        while self._pending and self._halted_after is None and not self._stopped:
            request = self._next_request()
            if not request:
                continue
            self._requests += 1
            self._rounds.update(bound.command.name for bound in request)
            if len(request) == 1 and request[0].query is None:
                await self._run_alone(request[0])
            else:
                await self._run_together(request)
        for command in self._pending:
            self._outcomes[command.name] = NotRun(self._why_nothing_more(command))
        ordered = {command.name: self._outcomes[command.name] for command in self.commands}
        return BatchAnswer(ordered, self._requests, self._error, self._warnings)

    def _next_request(self) -> list[_Bound]:
        """Take the commands of the next request from the front of what is pending; settle those that cannot run.

        A command that has to be a call of its own comes alone.
        """
        request: list[_Bound] = []
        while self._pending and len(request) < COMMANDS_PER_REQUEST and self._halted_after is None:
            command = self._pending[0]
            try:
                bound = self._bind(command)
            except NoValueError as exc:
                if request and self.halt:  # whether it comes to this command is decided by those before it
                    break
                self._settle(command.name, NotRun(str(exc)))
                del self._pending[0]
                continue
            if bound.query is None and request:
                break
            request.append(bound)
            del self._pending[0]
            if bound.query is None:
                break
        return request

    def _bind(self, command: Command) -> _Bound:
        """Replace what is known by now; what is still to come stays a reference, under the label on the wire.

        Raises:
            NoValueError: when a command it refers to has no such value.
        """
        still_references = []

        def replacement(reference: Reference) -> Any:
            if reference.command in self._outcomes:
                return self._value_of(reference)
            still_references.append(reference.on_the_wire(self._labels[reference.command]))
            return still_references[-1]

        params = replace_references(command.params, replacement)
        try:
            query = query_string(params)
        except NotExpressibleError:
            query = None
        # A value that came from the portal is data: were it sent in a batch, it could be read as a reference.
        if replaced_by_portal(params) != still_references:
            query = None
        return _Bound(command, params, query)

    def _value_of(self, reference: Reference) -> Any:
        outcome = self._outcomes.get(reference.command)
        known = self._values.get(reference.command, {})
        if reference.root in known:
            return reference.value_in(known[reference.root])
        if isinstance(outcome, NotRun):
            raise NoValueError(f"it refers to {reference.command}, which was not run")
        if isinstance(outcome, Failed):
            raise NoValueError(f"it refers to {reference.command}, which failed")
        if outcome is None:
            raise NoValueError(f"it refers to {reference.command}, which a limit refused at that time")
        raise NoValueError(f"{reference} leads to nothing: {reference.command} has no {reference.root}")

    async def _run_alone(self, bound: _Bound) -> None:
        command = bound.command
        try:
            answer = await self.door.send(command.method, bound.params, [command.method])
        except B24Error as exc:
            self._settle(command.name, Failed(exc))
            if exc.fault.code.startswith("B24MCP_"):
                self._note_failed_request(exc)
            return
        self._settle(command.name, Succeeded(answer))

    async def _run_together(self, request: list[_Bound]) -> None:
        cmd = {}
        for bound in request:
            query = f"?{bound.query}" if bound.query else ""
            cmd[self._labels[bound.command.name]] = bound.command.method + query
        methods = ["batch", *dict.fromkeys(bound.command.method for bound in request)]
        try:
            answer = await self.door.send("batch", {"halt": int(self.halt), "cmd": cmd}, methods)
            maps = BatchMaps.read(answer, self.format)
        except B24Error as exc:
            self._note_failed_request(exc)
            self._account_for_lost(request, exc)
            return
        self._warnings = answer.warnings
        again = []
        for position, bound in enumerate(request):
            command = bound.command
            if self._halted_after is not None:
                self._outcomes[command.name] = NotRun(f"halted after {self._halted_after}")
                continue
            warnings = self._doubtful_references(bound)
            outcome = maps.outcome(self._labels[command.name], command.method, warnings)
            if isinstance(outcome, NotRun) or not await self._is_to_run_again(command, outcome):
                self._settle(command.name, outcome)
                continue
            again.append(command)
            if self.halt:  # the portal stopped here, so all that follow have not run either
                again += [later.command for later in request[position + 1 :]]
                break
        self._pending[:0] = again

    async def _is_to_run_again(self, command: Command, outcome: Succeeded | Failed) -> bool:
        """Learn from one command what its working time is, and tell whether a limit refused it and it may run again."""
        if isinstance(outcome, Succeeded):
            await self.door.learn(command.method, outcome.answer.time)
            return False
        fault = outcome.error.fault
        if not is_refused_by_limit(fault):
            await self.door.learn(command.method, outcome.time)
            return False
        await self.door.learn_refusal(command.method, fault)
        return self._rounds[command.name] < _MOST_ROUNDS

    def _account_for_lost(self, request: list[_Bound], error: B24Error) -> None:
        """A request failed as a whole: its commands surely did not run, or nobody knows.

        What only reads is asked again, unless the batch is to halt at a failure.
        """
        again = []
        # A request that only reads was sent again as a whole before it got here.
        writes = not all(is_reading(bound.command.method) for bound in request)
        for bound in request:
            command = bound.command
            if error.fault.executed == "no":
                self._outcomes[command.name] = NotRun("not executed: the request failed as a whole")
            elif writes and not self.halt and is_reading(command.method) and self._rounds[command.name] < _MOST_ROUNDS:
                again.append(command)
            else:
                self._settle(command.name, Failed(error.of(command.method)), halting=False)
        if self.halt and not self._stopped:
            self._halted_after = request[0].command.name
        self._pending[:0] = again

    def _note_failed_request(self, error: B24Error) -> None:
        """Keep the first failure of a whole request; go on after it only if the portal may answer the next one."""
        self._error = self._error or error
        self._stopped = error.fault.executed == "no" or not self.door.is_patient()

    def _settle(self, name: str, outcome: Outcome, *, halting: bool = True) -> None:
        self._outcomes[name] = outcome
        if isinstance(outcome, Succeeded):
            answer = outcome.answer
            self._values[name] = {"result": answer.result, "time": _time_values(answer.time)}
            if answer.total is not None:
                self._values[name]["total"] = answer.total
            if answer.next is not None:
                self._values[name]["next"] = answer.next
            return
        if isinstance(outcome, Failed):
            fault = outcome.error.fault
            self._values[name] = {"error": {"error": fault.code, "error_description": fault.message}}
        if self.halt and halting:
            self._halted_after = name

    def _doubtful_references(self, bound: _Bound) -> tuple[str, ...]:
        """Within one request the portal puts *something* where a reference leads to nothing, and runs the command."""
        doubtful = []
        for reference in dict.fromkeys(bound.command.references):
            if reference.root == "time":
                continue  # the portal knows more of its own clock than we keep
            try:
                self._value_of(reference)
            except NoValueError:
                doubtful.append(
                    f"{reference} had no value, and the portal ran this command with something else in its place"
                )
        return tuple(doubtful)

    def _why_nothing_more(self, command: Command) -> str:
        if self._halted_after is not None:
            return f"halted after {self._halted_after}"
        if self._rounds[command.name]:
            return "its answer was lost or refused, and there was no time to ask again"
        return "not sent: an earlier request failed as a whole"


def _labels(commands: list[Command], format: Format) -> dict[str, str]:
    """Give each command a label that survives the way: its name where that is plain, else a stand-in."""
    plain = _LABEL[format]
    taken = {command.name for command in commands}
    labels = {}
    for position, command in enumerate(commands):
        label = command.name
        while not plain.fullmatch(label) or (label != command.name and label in taken):
            label = f"command_{position}" if label == command.name else f"{label}_"
        taken.add(label)
        labels[command.name] = label
    return labels


def _time_values(time: CallTime | None) -> dict[str, Any]:
    if time is None:
        return {}
    values = {"duration": time.duration, "operating": time.operating}
    return {name: value for name, value in values.items() if value is not None}
