"""A dry run of a batch: the requests that it would send, found by running it without a portal.

Every command counts as successful. The values that a later request would take from an earlier answer are unknown; each
is written as `<what NAME answers>`. A command that cannot be encoded without such a value is left out and named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from b24_mcp.errors import Fault
from b24_mcp.rest.batch.outcomes import NotRun
from b24_mcp.rest.batch.run import BatchRun
from b24_mcp.rest.planned import PlannedBatch, PlannedCall, call_request
from b24_mcp.rest.wire.answer import Answer, CallTime
from b24_mcp.rest.wire.params import Params
from b24_mcp.rest.wire.request import Request


@dataclass(frozen=True, slots=True)
class DryRun:
    """The requests in order, and the commands that cannot be encoded before an answer is there."""

    requests: tuple[Request, ...]
    waiting: tuple[str, ...]


async def dry_run_batch(planned: PlannedBatch) -> DryRun:
    """Return the requests that a planned batch would send. Nothing is sent."""
    sender = _RecordingSender()
    answer = await BatchRun(list(planned.commands), halt=planned.halt, format=planned.format, sender=sender).run()
    waiting = [name for name, outcome in answer.outcomes.items() if isinstance(outcome, NotRun)]
    return DryRun(tuple(sender.requests), tuple(waiting))


class _UnknownResult(Mapping[str, object]):
    """The result of a command that did not run. Every value in it is unknown as well."""

    def __init__(self, of: str) -> None:
        self._of = of

    def __getitem__(self, name: str) -> _UnknownResult:
        return self

    def __contains__(self, name: object) -> bool:
        return name not in ("$ref", "$refArray")

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 1

    def __str__(self) -> str:
        return f"<what {self._of} answers>"


@dataclass(slots=True)
class _RecordingSender:
    """A `BatchSender` that records requests instead of sending them."""

    requests: list[Request] = field(default_factory=list)

    async def send(self, request: Request) -> Answer:
        self.requests.append(request)
        if request.version == "v3":
            results: object = [_UnknownResult(item["as"]) for item in request.body]
        else:
            results = {"result": {label: _UnknownResult(label) for label in request.body["cmd"]}}
        return Answer(method="batch", result=results, version=request.version)

    async def call(self, command: PlannedCall, params: Params) -> Answer:
        self.requests.append(call_request(command, params))
        return Answer(method=command.method, result=_UnknownResult(command.method), version=command.version)

    async def learn(self, method: str, time: CallTime | None) -> None:
        """Ignore the working time."""

    async def learn_refusal(self, method: str, fault: Fault) -> None:
        """Ignore the refusal."""

    def is_patient(self) -> bool:
        return True
