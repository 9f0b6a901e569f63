"""Running the commands of a batch: as few requests as possible, and an outcome for every command.

Commands run in the order in which they are written. A request takes 50 of them, all of one generation of the API. A
command that writes and refers to one of the request before it begins the next request, so that the value is known and
checked first: a chain of writes costs a request for each link, and commands that do not depend on each other share one.
A command that only reads may keep a reference to one of the same request; when that turns out to lead to nothing, what
it read is not returned. A command that its generation's batch cannot express without loss goes as a call of its own, at
its place. A command that a limit refused is sent again, and so is one that only reads and whose answer was lost; one
that succeeded never is. Source: documentation, settings/how-to-call-rest-api/batch and api-reference/rest-v3; measured
behaviour.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol

from b24_mcp.catalog import is_reading, known_methods
from b24_mcp.errors import B24Error, Fault, our_error
from b24_mcp.rest.batch.bound import Bound, WaitsForValueError
from b24_mcp.rest.batch.commands import Command
from b24_mcp.rest.batch.outcomes import BatchAnswer, Failed, NotRun, Outcome, Succeeded
from b24_mcp.rest.batch.references import NoValueError, Reference
from b24_mcp.rest.batch.references_v3 import v3_value
from b24_mcp.rest.batch.v2 import BatchV2, why_not_trusted
from b24_mcp.rest.batch.v3 import BatchV3, is_of_one_command
from b24_mcp.rest.limits.retries import is_refused_by_limit
from b24_mcp.rest.planned import PlannedCall
from b24_mcp.rest.wire.answer import Answer, CallTime
from b24_mcp.rest.wire.params import Params
from b24_mcp.rest.wire.request import Format, Request

COMMANDS_PER_REQUEST = 50
_MOST_ROUNDS = 5


class BatchSender(Protocol):
    """What running a batch needs of the portal."""

    async def send(self, request: Request) -> Answer:
        """Deliver one request. Raises `B24Error`."""
        ...

    async def call(self, command: PlannedCall, params: Params) -> Answer:
        """Send one command as a single call, with its references resolved. Raises `B24Error`."""
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
class BatchRun:
    """One run of checked commands through the door of a portal."""

    commands: list[Command]
    halt: bool
    format: Format
    sender: BatchSender
    _v2: BatchV2 = field(init=False)
    _v3: BatchV3 = field(init=False)
    _outcomes: dict[str, Outcome] = field(default_factory=dict)
    _values: dict[str, dict[str, Any]] = field(default_factory=dict)
    _pending: list[Command] = field(default_factory=list)
    _rounds: Counter[str] = field(default_factory=Counter)
    _together: dict[str, int] = field(default_factory=dict)
    """Commands that were refused together and are asked again in smaller groups, each with the number of its group."""
    _requests: int = 0
    _halted_after: str | None = None
    _error: B24Error | None = None
    _stopped: bool = False
    _warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._v2 = BatchV2(self.commands, self.halt, self.format)
        self._v3 = BatchV3(self.commands, self.halt)

    async def run(self) -> BatchAnswer:
        """Send everything that may be sent and account for every command; raises no `B24Error`."""
        self._pending = list(self.commands)
        while self._pending and self._halted_after is None and not self._stopped:
            request = self._next_request()
            if not request:
                continue
            self._requests += 1
            self._rounds.update(bound.command.name for bound in request)
            if request[0].alone or (len(request) == 1 and request[0].command.version == "v3"):
                await self._run_alone(request[0])
            elif request[0].command.version == "v3":
                await self._run_v3(request)
            else:
                await self._run_v2(request)
        for command in self._pending:
            self._outcomes[command.name] = NotRun(self._why_nothing_more(command))
        ordered = {command.name: self._outcomes[command.name] for command in self.commands}
        return BatchAnswer(ordered, self._requests, self._error, self._warnings)

    def _next_request(self) -> list[Bound]:
        """Remove the commands of the next request from the front of what is pending; settle those that cannot run.

        A command that has to be a call of its own comes alone.
        """
        request: list[Bound] = []
        while self._pending and len(request) < COMMANDS_PER_REQUEST and self._halted_after is None:
            command = self._pending[0]
            if request and not self._goes_with(command, request):
                break
            try:
                bound = self._bind(command)
            except WaitsForValueError:
                break
            except NoValueError as exc:
                if request and self.halt:  # whether it comes to this command is decided by those before it
                    break
                self._settle(command.name, NotRun(str(exc)))
                del self._pending[0]
                continue
            if bound.alone and request:
                break
            request.append(bound)
            del self._pending[0]
            if bound.alone:
                break
        return request

    def _goes_with(self, command: Command, request: list[Bound]) -> bool:
        first = request[0].command
        if self.halt and any(bound.kept for bound in request) and not _reads(command):
            return False  # a reference that leads to nothing halts the batch, and the portal would go on
        return command.version == first.version and self._together.get(command.name) == self._together.get(first.name)

    def _bind(self, command: Command) -> Bound:
        dialect = self._v3 if command.version == "v3" else self._v2
        return dialect.bind(command, self._outcomes, self._value_of)

    def _value_of(self, reference: Reference) -> Any:
        outcome = self._outcomes.get(reference.command)
        known = self._values.get(reference.command, {})
        if reference.root in known:
            if isinstance(outcome, Succeeded) and outcome.answer.version == "v3":
                return v3_value(reference, known["result"])
            value = reference.value_in(known[reference.root])
            return value == "1" if self._was_a_boolean(reference) else value
        if isinstance(outcome, NotRun):
            raise NoValueError(f"it refers to {reference.command}, which was not run")
        if isinstance(outcome, Failed):
            raise NoValueError(f"it refers to {reference.command}, which failed")
        if outcome is None:
            raise NoValueError(f"it refers to {reference.command}, which a limit refused at that time")
        raise NoValueError(f"{reference} leads to nothing: {reference.command} has no {reference.root}")

    def _was_a_boolean(self, reference: Reference) -> bool:
        """Whether XML, which has no types, made a text of `true` or `false`."""
        if self.format != "xml" or reference.root != "result" or reference.path:
            return False
        method = next(command.method for command in self.commands if command.name == reference.command)
        known = known_methods().method(method, "v2")
        return known is not None and known.facts.result.kind == "boolean"

    async def _run_alone(self, bound: Bound) -> None:
        command = bound.command
        try:
            answer = await self.sender.call(command, bound.params)
        except B24Error as exc:
            self._settle(command.name, Failed(exc))
            if exc.fault.code.startswith("B24MCP_"):
                self._note_failed_request(exc)
            return
        self._settle(command.name, Succeeded(answer))

    async def _run_v2(self, request: list[Bound]) -> None:
        try:
            answer = await self.sender.send(self._v2.write(request))
            outcomes = self._v2.read(answer)
        except B24Error as exc:
            self._note_failed_request(exc)
            self._account_for_lost(request, exc)
            return
        self._warnings = answer.warnings
        again: list[Command] = []
        without_value: str | None = None
        for position, bound in enumerate(request):
            command = bound.command
            if self._halted_after is not None:
                self._outcomes[command.name] = NotRun(f"halted after {self._halted_after}")
                continue
            outcome = outcomes(bound)
            if await self._is_to_run_again(command, outcome):
                again.append(command)
                if self.halt:  # the portal stopped here, so all that follow have not run either
                    again += [later.command for later in request[position + 1 :]]
                    break
            elif any(kept.reference.command == earlier.name for kept in bound.kept for earlier in again):
                again.append(command)  # it read without the value of a command that is sent again
            elif (why := why_not_trusted(bound, self._value_of)) is not None:
                without_value = without_value or command.name
                self._settle(command.name, Failed(_no_value(command, why)), halting=False)
            else:
                self._settle(command.name, outcome)
        if self.halt and self._halted_after is None:
            self._halted_after = without_value
        self._pending[:0] = again

    async def _run_v3(self, request: list[Bound]) -> None:
        try:
            answer = await self.sender.send(self._v3.write(request))
            outcomes = self._v3.read(answer, request)
        except B24Error as exc:
            if is_of_one_command(exc.fault, reading=all(_reads(bound.command) for bound in request)):
                self._account_for_refused(request, exc)
                return
            self._note_failed_request(exc)
            self._account_for_lost(request, exc)
            return
        for bound, outcome in zip(request, outcomes, strict=True):
            self._settle(bound.command.name, outcome)

    async def _is_to_run_again(self, command: Command, outcome: Succeeded | Failed) -> bool:
        """Learn from one command what its working time is, and tell whether a limit refused it and it may run again."""
        if isinstance(outcome, Succeeded):
            await self.sender.learn(command.method, outcome.answer.time)
            return False
        fault = outcome.error.fault
        if not is_refused_by_limit(fault):
            await self.sender.learn(command.method, outcome.time)
            return False
        await self.sender.learn_refusal(command.method, fault)
        return self._rounds[command.name] < _MOST_ROUNDS

    def _account_for_lost(self, request: list[Bound], error: B24Error) -> None:
        """A request failed as a whole: its commands surely did not run, or nobody knows.

        What only reads is asked again, unless the batch is to halt at a failure.
        """
        again = []
        # A request that only reads was sent again as a whole before it got here.
        writes = not all(_reads(bound.command) for bound in request)
        for bound in request:
            command = bound.command
            if error.fault.executed == "no":
                self._outcomes[command.name] = NotRun("not executed: the request failed as a whole")
            elif writes and not self.halt and _reads(command) and self._rounds[command.name] < _MOST_ROUNDS:
                again.append(command)
            else:
                self._settle(command.name, Failed(error.of(command.method)), halting=False)
        if self.halt and not self._stopped:
            self._halted_after = request[0].command.name
        self._pending[:0] = again

    def _account_for_refused(self, request: list[Bound], error: B24Error) -> None:
        """REST 3.0 refused one command, answers with that alone, and keeps what ran before it.

        Commands that only read are asked again, in halves, until it is clear which one is refused. With a write among
        them nothing is asked again; what is known of each is said.
        """
        if all(_reads(bound.command) for bound in request):
            middle = len(request) // 2
            group = max(self._together.values(), default=0)
            for position, bound in enumerate(request):
                self._together[bound.command.name] = group + 1 + (position >= middle)
            self._pending[:0] = [bound.command for bound in request]
            return
        self._error = self._error or error
        outcomes, self._halted_after = self._v3.account(request, error)
        for name, outcome in outcomes.items():
            self._settle(name, outcome, halting=False)

    def _note_failed_request(self, error: B24Error) -> None:
        """Keep the first failure of a whole request; go on after it only if the portal may answer the next one."""
        self._error = self._error or error
        self._stopped = error.fault.executed == "no" or not self.sender.is_patient()

    def _settle(self, name: str, outcome: Outcome, *, halting: bool = True) -> None:
        self._outcomes[name] = outcome
        if isinstance(outcome, Succeeded):
            answer = outcome.answer
            self._values[name] = {"result": answer.result, "time": outcome.times or _time_values(answer.time)}
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

    def _why_nothing_more(self, command: Command) -> str:
        if self._halted_after is not None:
            return f"halted after {self._halted_after}"
        if self._rounds[command.name]:
            return "its answer was lost or refused, and there was no time to ask again"
        return "not sent: an earlier request failed as a whole"


def _no_value(command: Command, why: str) -> B24Error:
    return our_error(
        "B24MCP_NO_VALUE",
        f"{why}. The portal put something else in its place and read that, so the answer is left out.",
        method=command.method,
    )


def _reads(command: Command) -> bool:
    return is_reading(command.method, command.version)


def _time_values(time: CallTime | None) -> dict[str, Any]:
    if time is None:
        return {}
    values = {"duration": time.duration, "operating": time.operating}
    return {name: value for name, value in values.items() if value is not None}
