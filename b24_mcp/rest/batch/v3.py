"""How a batch is written and read in REST 3.0: a list of calls under aliases, and a list of results back.

The first call that fails becomes the whole answer; those before it stay executed and their results are lost. So a write
goes as a call of its own, under its own key, unless the batch halts at a failure anyway: then all go together, and an
account is given of what is known. Source: documentation, api-reference/rest-v3; source behaviour of the portal.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

from b24_mcp.catalog import Version, is_reading, known_methods
from b24_mcp.errors import B24Error, Fault, our_error
from b24_mcp.rest.batch.bound import Bound, ValueOf, WaitsForValueError, check_resolved
from b24_mcp.rest.batch.commands import Command
from b24_mcp.rest.batch.outcomes import Failed, NotRun, Outcome, Succeeded
from b24_mcp.rest.batch.references import Path, Reference
from b24_mcp.rest.batch.references_v3 import TextOfV2, holds_reference, on_the_wire, replace_v3_references, with_numbers
from b24_mcp.rest.batch.references_values import fit
from b24_mcp.rest.batch.v2 import labels
from b24_mcp.rest.wire.answer import Answer
from b24_mcp.rest.wire.paging_v3 import next_page
from b24_mcp.rest.wire.request import Request

_ALIAS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")  # a number would be taken for a position
_REFERABLE = {"item", "items"}


@dataclass(slots=True)
class BatchV3:
    """The batch of REST 3.0 for all these commands."""

    commands: list[Command]
    halt: bool
    _aliases: dict[str, str] = field(init=False)
    _methods: dict[str, str] = field(init=False)
    _versions: dict[str, Version] = field(init=False)

    def __post_init__(self) -> None:
        self._aliases = labels(self.commands, _ALIAS)
        self._methods = {command.name: command.method for command in self.commands}
        self._versions = {command.name: command.version for command in self.commands}

    def bind(self, command: Command, answered: Container[str], value_of: ValueOf) -> Bound:
        """Replace the references whose values are known; in a command that only reads the others become references of
        REST 3.0.

        Raises:
            NoValueError: when a reference leads to nothing, or to what cannot stand in its place.
            WaitsForValueError: when a value has to be known first: in what writes, inside a text, and where the answer
                is not a record, which REST 3.0 cannot refer to.
        """
        values: list[Any] = []
        needs_values = not is_reading(command.method, "v3")

        def replacement(reference: Reference, path: Path) -> Any:
            if reference.command in answered:
                value = fit(value_of(reference), reference, command.method, "v3", path)
                values.append(value)
                is_old = isinstance(value, str) and self._versions[reference.command] == "v2"
                return TextOfV2(value) if is_old else value
            written = on_the_wire(reference, self._aliases[reference.command])
            if needs_values or written is None or not _is_referable(self._methods[reference.command]):
                raise WaitsForValueError
            return written

        def inside_text(reference: Reference) -> Any:
            if reference.command not in answered:
                raise WaitsForValueError
            return value_of(reference)

        params = check_resolved(with_numbers(replace_v3_references(command.params, replacement, inside_text)), command)
        alone = not self.halt and not is_reading(command.method, "v3")
        # A value that came from the portal is data: were it sent in a batch, it could be read as a reference.
        return Bound(command, params, params, alone or holds_reference(values))

    def write(self, request: list[Bound]) -> Request:
        """The request that runs these commands."""
        body = [
            {
                "method": bound.command.method.lower(),
                "as": self._aliases[bound.command.name],
                "query": bound.written,
            }
            for bound in request
        ]
        runs = dict.fromkeys(str(item["method"]) for item in body)
        reads = all(bound.command.reads for bound in request)
        return Request("batch", body, "v3", "json", tuple(runs), reads)

    def read(self, answer: Answer, request: list[Bound]) -> list[Outcome]:
        """What became of each command, in their order.

        Raises:
            B24Error: `B24MCP_BAD_ANSWER` for what is not a list of as many results.
        """
        results = answer.result
        if not isinstance(results, list) or len(results) != len(request):
            raise our_error("B24MCP_BAD_ANSWER", "The answer is not the list of results of a batch.", method="batch")
        return [_succeeded(bound, result) for bound, result in zip(request, results, strict=True)]

    def account(self, request: list[Bound], error: B24Error) -> tuple[dict[str, Outcome], str]:
        """What is known of each command when one of them was refused, and which it was.

        That is known only when the message quotes a reference of it. The last command surely did not run: it was
        refused itself, or another one before it.
        """
        names = [bound.command.name for bound in request]
        refused = self._refused(request, error.fault.message)
        if refused is None:
            doubtful: dict[str, Outcome] = {
                bound.command.name: Failed(
                    our_error("B24MCP_BATCH_FAILED", error.fault.message, method=bound.command.method)
                )
                for bound in request[:-1]
            }
            why = "it was refused itself, or not reached because an earlier command was"
            return doubtful | {names[-1]: NotRun(why)}, f"one of {names[0]} to {names[-1]}"
        lost = "It ran before another command of its request was refused; what it answered is lost."
        outcomes: dict[str, Outcome] = {
            bound.command.name: Failed(our_error("B24MCP_RESULT_LOST", lost, method=bound.command.method))
            for bound in request[:refused]
        }
        outcomes[names[refused]] = Failed(error.of(request[refused].command.method))
        not_run: dict[str, Outcome] = {name: NotRun(f"halted after {names[refused]}") for name in names[refused + 1 :]}
        return outcomes | not_run, names[refused]

    def _refused(self, request: list[Bound], message: str) -> int | None:
        """The command that has the reference a message quotes, if only one has it."""
        quoting = [
            position
            for position, bound in enumerate(request)
            if any(path in re.split(r"[^A-Za-z0-9_.]+", message) for path in _paths(bound.written))
        ]
        return quoting[0] if len(quoting) == 1 else None


def is_of_one_command(fault: Fault, *, reading: bool) -> bool:
    """Whether a batch was refused because of one of its commands, so that the others can be asked without it.

    Names, credentials and limits are looked at before anything runs. A name that is unknown is that of one command all
    the same; where everything is `reading`, the others lose nothing by being asked again. Source: source behaviour of
    the portal.
    """
    if fault.executed != "no" or fault.code.startswith("B24MCP_"):
        return False
    if fault.kind == "unknown_method":
        return reading
    return fault.kind not in ("auth", "rate_limit", "operating_limit")


def _is_referable(method: str) -> bool:
    """Whether what a method answers can be referred to: a record or rows, as far as is documented."""
    known = known_methods().method(method, "v3")
    keys = known.facts.result.keys if known is not None else ()
    return not keys or not _REFERABLE.isdisjoint(keys)


def _paths(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value[sign] for sign in ("$ref", "$refArray") if sign in value]
        return own or [path for inner in value.values() for path in _paths(inner)]
    return [path for inner in value for path in _paths(inner)] if isinstance(value, list) else []


def _succeeded(bound: Bound, result: Any) -> Succeeded:
    command = bound.command
    params = bound.params if isinstance(bound.params, dict) else {}
    following = next_page(command.method, params, result)
    return Succeeded(Answer(method=command.method, result=result, next=following, version="v3"))
