"""The execution of a batch: as few requests as possible, and an outcome for every command.

    pending commands <------------------------------------------+
        |  RequestPlanner.next_request                          |
        v                                                       |
    ResolvedCommand, up to 50                                   |
        |  BatchV2.request, BatchV3.request, or a single call   |
        v                                                       |
    BatchSender ---> portal                                     |
        |  Settlement, when the answer or the error is there    |
        +---> refused by a limit, or a read without answer -----+
        +---> everything else: an outcome in the Ledger, from which later references take their values

The loop ends when nothing is pending, the batch halted at a failure, or the portal cannot be reached.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from b24_mcp.catalog import Version
from b24_mcp.errors import B24Error, Fault
from b24_mcp.rest.batch.commands import Command
from b24_mcp.rest.batch.ledger import Ledger
from b24_mcp.rest.batch.outcomes import BatchAnswer, Failed, Succeeded
from b24_mcp.rest.batch.planner import RequestPlanner
from b24_mcp.rest.batch.resolved_command import ResolvedCommand
from b24_mcp.rest.batch.settlement import Settlement, only_reads
from b24_mcp.rest.batch.v2 import BatchV2
from b24_mcp.rest.batch.v3 import BatchV3, is_of_one_command
from b24_mcp.rest.limits.retries import is_refused_by_limit
from b24_mcp.rest.planned import PlannedCall
from b24_mcp.rest.wire.answer import Answer, CallTime
from b24_mcp.rest.wire.params import Params
from b24_mcp.rest.wire.request import Format, Request


class BatchSender(Protocol):
    """What a batch needs of the portal."""

    async def send(self, request: Request) -> Answer:
        """Send one request. Raises `B24Error`."""
        ...

    async def call(self, command: PlannedCall, params: Params) -> Answer:
        """Send one command as a single call, with its references resolved. Raises `B24Error`."""
        ...

    async def learn(self, method: str, time: CallTime | None) -> None:
        """Record the working time of one method."""
        ...

    async def learn_refusal(self, method: str, fault: Fault) -> None:
        """Record that a limit refused one command."""
        ...

    def is_patient(self) -> bool:
        """Whether there is time left for another request."""
        ...


@dataclass(slots=True)
class BatchRun:
    """One execution of checked commands. With `halt` the first failure ends it.

    `encoding` is an encoding of the commands of v2 that was made before.
    """

    commands: list[Command]
    halt: bool
    format: Format
    sender: BatchSender
    encoding: BatchV2 | None = None
    _ledger: Ledger = field(init=False)
    _planner: RequestPlanner = field(init=False)
    _settlement: Settlement = field(init=False)
    _batches: dict[Version, BatchV2 | BatchV3] = field(default_factory=dict, init=False)
    _error: B24Error | None = field(default=None, init=False)
    _stopped: bool = field(default=False, init=False)
    _warnings: tuple[str, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        for command in self.commands:
            if command.version not in self._batches:
                self._batches[command.version] = self._batch(command.version)
        self._ledger = Ledger(self.format, self.halt)
        self._planner = RequestPlanner(deque(self.commands), self._batches, self._ledger)
        self._settlement = Settlement(self._ledger, self._planner)

    async def run(self) -> BatchAnswer:
        """Send everything that may be sent and return the outcome of every command. Raises no `B24Error`."""
        requests = 0
        while not self._stopped and (request := self._planner.next_request()):
            requests += 1
            first = request[0]
            if first.alone or (len(request) == 1 and first.command.version == "v3"):
                await self._send_call(first)
            else:
                await self._send_batch(request, self._batches[first.command.version])
        self._settlement.settle_pending()
        outcomes = self._ledger.outcomes
        ordered = {command.name: outcomes[command.name] for command in self.commands}
        return BatchAnswer(ordered, requests, self._error, self._warnings)

    def _batch(self, version: Version) -> BatchV2 | BatchV3:
        if version == "v3":
            return BatchV3(self.commands, self.halt)
        return self.encoding or BatchV2(self.commands, self.halt, self.format)

    async def _send_call(self, resolved: ResolvedCommand) -> None:
        command = resolved.command
        try:
            answer = await self.sender.call(command, resolved.params)
        except B24Error as exc:
            self._ledger.record(command.name, Failed(exc))
            if exc.fault.code.startswith("B24MCP_"):
                self._note_failed_request(exc)
            return
        self._ledger.record(command.name, Succeeded(answer))

    async def _send_batch(self, request: list[ResolvedCommand], batch: BatchV2 | BatchV3) -> None:
        try:
            answer = await self.sender.send(batch.request(request))
            outcomes = batch.outcomes(answer, request)
        except B24Error as exc:
            if isinstance(batch, BatchV3) and is_of_one_command(exc.fault, reading=only_reads(request)):
                if self._settlement.settle_refused(request, exc):
                    self._error = self._error or exc
                return
            self._note_failed_request(exc)
            self._settlement.settle_lost(request, exc, stopped=self._stopped)
            return
        if isinstance(batch, BatchV2):
            self._warnings = answer.warnings
            await self._note_limits(request, outcomes)
        self._settlement.settle_answered(request, outcomes)

    async def _note_limits(self, request: list[ResolvedCommand], outcomes: list[Succeeded | Failed]) -> None:
        """Record the working time of each method that ran, and the commands that a limit refused."""
        times: dict[str, CallTime] = {}
        refused: dict[str, Fault] = {}
        for resolved, outcome in zip(request, outcomes, strict=True):
            if isinstance(outcome, Succeeded):
                time = outcome.answer.time
            elif is_refused_by_limit(outcome.error.fault):
                refused[resolved.command.method] = outcome.error.fault
                continue
            else:
                time = outcome.time
            if time is not None and time.operating is not None:
                times[resolved.command.method] = time
        for method, spent in times.items():
            await self.sender.learn(method, spent)
        for method, fault in refused.items():
            await self.sender.learn_refusal(method, fault)

    def _note_failed_request(self, error: B24Error) -> None:
        """Keep the first failure of a whole request. Stop, unless the portal may answer the next request."""
        self._error = self._error or error
        self._stopped = error.fault.executed == "no" or not self.sender.is_patient()
