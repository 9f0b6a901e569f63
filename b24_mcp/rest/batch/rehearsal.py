"""What a batch would send, found out by running it without a portal.

Every command is taken to succeed. What a later request would take from an earlier answer is not known, and stands there
as `<what find answers>`; a command that cannot be written down without it is left out, and named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from b24_mcp.errors import Fault
from b24_mcp.rest.batch.outcomes import NotRun
from b24_mcp.rest.batch.run import BatchRun
from b24_mcp.rest.planned import PlannedBatch, PlannedCall
from b24_mcp.rest.wire.answer import Answer, CallTime
from b24_mcp.rest.wire.params import Params
from b24_mcp.rest.wire.request import Format, Request, call_request


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The requests in their order, and the commands that wait for an answer to be written down."""

    requests: tuple[Request, ...]
    waiting: tuple[str, ...]


async def rehearse(planned: PlannedBatch) -> Rehearsal:
    """Return the requests that a planned batch would send. Nothing is sent."""
    sender = _NoDoor(planned.format)
    answer = await BatchRun(list(planned.commands), halt=planned.halt, format=planned.format, sender=sender).run()
    waiting = (name for name, outcome in answer.outcomes.items() if isinstance(outcome, NotRun))
    return Rehearsal(tuple(sender.requests), tuple(waiting))


class _Unknown(Mapping[str, Any]):
    """A result that is not there yet: whatever is looked up in it is not there either."""

    def __init__(self, of: str) -> None:
        self._of = of

    def __getitem__(self, name: str) -> _Unknown:
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
class _NoDoor:
    """Leads nowhere, and notes what would have gone through; see `b24_mcp.rest.batch.run.Door`."""

    format: Format
    requests: list[Request] = field(default_factory=list)

    async def send(self, request: Request) -> Answer:
        self.requests.append(request)
        if request.version == "v3":
            results: Any = [_Unknown(item["as"]) for item in request.body]
        else:
            results = {"result": {label: _Unknown(label) for label in request.body["cmd"]}}
        return Answer(method="batch", result=results, version=request.version)

    async def call(self, command: PlannedCall, params: Params) -> Answer:
        self.requests.append(call_request(command, params))
        return Answer(method=command.method, result=_Unknown(command.method), version=command.version)

    async def learn(self, method: str, time: CallTime | None) -> None:
        """Nothing was learnt."""

    async def learn_refusal(self, method: str, fault: Fault) -> None:
        """Nothing was learnt."""

    def is_patient(self) -> bool:
        return True
