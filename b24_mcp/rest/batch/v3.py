"""A batch of REST 3.0: a list of calls under aliases, and a list of results back.

The first call that fails replaces the whole answer. The calls before it stay executed, and their results are lost. So a
write is sent as a single call, under its own idempotency key, unless the batch halts at a failure anyway. Then all
commands are sent together, and each gets the outcome that is known. Source: documentation, api-reference/rest-v3;
source behaviour of the portal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from b24_mcp.catalog import is_reading, known_methods
from b24_mcp.errors import B24Error, Fault, our_error
from b24_mcp.rest.batch.commands import Command
from b24_mcp.rest.batch.ledger import Ledger
from b24_mcp.rest.batch.outcomes import Failed, NotRun, Outcome, Succeeded
from b24_mcp.rest.batch.references import Path, Reference
from b24_mcp.rest.batch.references_v3 import (
    TextOfV2,
    contains_reference_object,
    reference_object,
    replace_v3_references,
    with_numbers,
)
from b24_mcp.rest.batch.resolved_command import ResolvedCommand, WaitsForValueError, check_resolved, wire_labels
from b24_mcp.rest.batch.value_place import checked_value
from b24_mcp.rest.wire.answer import Answer
from b24_mcp.rest.wire.file_value import holds_files
from b24_mcp.rest.wire.next_page import next_page
from b24_mcp.rest.wire.request import Request

_ALIAS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")  # a number would be taken for a position
_REFERABLE = {"item", "items"}


@dataclass(slots=True)
class BatchV3:
    """The encoding of these commands in REST 3.0."""

    commands: list[Command]
    halt: bool
    _aliases: dict[str, str] = field(init=False)
    _by_name: dict[str, Command] = field(init=False)

    def __post_init__(self) -> None:
        self._aliases = wire_labels(self.commands, _ALIAS)
        self._by_name = {command.name: command for command in self.commands}

    def resolve(self, command: Command, ledger: Ledger) -> ResolvedCommand:
        """Replace the references whose values are known, and encode the command.

        In a command that only reads, the other references become references of REST 3.0.

        Raises:
            NoValueError: a reference leads to nothing, or to a value that cannot stand in its place.
            WaitsForValueError: a value has to be known first: in a command that writes, inside a text, and where the
                answer is not a record, which REST 3.0 cannot refer to.
        """
        method = command.method
        reads = is_reading(method, "v3")
        alone = (not self.halt and not reads) or holds_files(command.params)
        if not command.references:
            return ResolvedCommand(command, command.params, command.params, alone)
        values: list[object] = []

        def replacement(reference: Reference, path: Path) -> object:
            referred = self._by_name[reference.command]
            if reference.command in ledger.outcomes:
                value = checked_value(ledger.value_of(reference), reference, method, "v3", path)
                values.append(value)
                return TextOfV2(value) if isinstance(value, str) and referred.version == "v2" else value
            encoded = reference_object(reference, self._aliases[reference.command])
            if not reads or encoded is None or not _is_referable(referred.method):
                raise WaitsForValueError
            return encoded

        def insertion(reference: Reference) -> object:
            if reference.command not in ledger.outcomes:
                raise WaitsForValueError
            return ledger.value_of(reference)

        params = check_resolved(with_numbers(replace_v3_references(command.params, replacement, insertion)), method)
        # A value that came from the portal is data, but inside a batch the portal could read it as a reference.
        return ResolvedCommand(command, params, params, alone or contains_reference_object(values))

    def request(self, resolved: list[ResolvedCommand]) -> Request:
        """Return the request that runs these commands."""
        body: list[dict[str, object]] = []
        methods: dict[str, None] = {}
        for one in resolved:
            method = one.command.method.lower()
            methods[method] = None
            body.append({"method": method, "as": self._aliases[one.command.name], "query": one.encoded})
        reads = all(one.command.reads for one in resolved)
        return Request("batch", body, "v3", "json", tuple(methods), reads)

    def outcomes(self, answer: Answer, request: list[ResolvedCommand]) -> list[Succeeded | Failed]:
        """Return the outcome of each command of a request, in order.

        Raises:
            B24Error: `B24MCP_BAD_ANSWER`: the answer is not a list of as many results.
        """
        results = answer.result
        if not isinstance(results, list) or len(results) != len(request):
            raise our_error("B24MCP_BAD_ANSWER", "The answer is not the list of results of a batch.", method="batch")
        return [_succeeded(resolved, result) for resolved, result in zip(request, results, strict=True)]


def is_of_one_command(fault: Fault, *, reading: bool) -> bool:
    """Whether a batch was refused because of one of its commands, so that the others can be sent without it.

    The portal checks names, credentials and limits before anything runs. An unknown name still belongs to one command.
    If all commands are `reading`, the others can safely be sent again. Source: source behaviour of the portal.
    """
    if fault.executed != "no" or fault.code.startswith("B24MCP_"):
        return False
    if fault.kind == "unknown_method":
        return reading
    return fault.kind not in ("auth", "rate_limit", "operating_limit")


def outcomes_after_refusal(request: list[ResolvedCommand], error: B24Error) -> tuple[dict[str, Outcome], str]:
    """Return what is known of each command after one of them was refused, and which one was.

    The refused command is known only if the message quotes a reference of it. The last command certainly did not run:
    it was refused itself, or an earlier one was.
    """
    names = [resolved.command.name for resolved in request]
    refused = _refused_position(request, error.fault.message)
    outcomes: dict[str, Outcome] = {}
    if refused is None:
        for resolved in request[:-1]:
            method = resolved.command.method
            outcomes[resolved.command.name] = Failed(
                our_error("B24MCP_BATCH_FAILED", error.fault.message, method=method)
            )
        outcomes[names[-1]] = NotRun("it was refused itself, or not reached because an earlier command was")
        return outcomes, f"one of {names[0]} to {names[-1]}"
    lost = "The command ran before another command of its request was refused. Its answer is lost."
    for resolved in request[:refused]:
        method = resolved.command.method
        outcomes[resolved.command.name] = Failed(our_error("B24MCP_RESULT_LOST", lost, method=method))
    outcomes[names[refused]] = Failed(error.of(request[refused].command.method))
    for name in names[refused + 1 :]:
        outcomes[name] = NotRun(f"halted after {names[refused]}")
    return outcomes, names[refused]


def _refused_position(request: list[ResolvedCommand], message: str) -> int | None:
    """Return the position of the command whose reference the message quotes, if there is exactly one."""
    words = set(re.split(r"[^A-Za-z0-9_.]+", message))
    quoted = [
        position
        for position, resolved in enumerate(request)
        if not words.isdisjoint(_reference_paths(resolved.encoded))
    ]
    return quoted[0] if len(quoted) == 1 else None


def _is_referable(method: str) -> bool:
    """Whether REST 3.0 can refer to the answer of a method: a record or rows, as far as it is documented."""
    known = known_methods().method(method, "v3")
    keys = known.facts.result.keys if known is not None else ()
    return not keys or not _REFERABLE.isdisjoint(keys)


def _reference_paths(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [str(value[sign]) for sign in ("$ref", "$refArray") if sign in value]
        return own or [path for inner in value.values() for path in _reference_paths(inner)]
    return [path for inner in value for path in _reference_paths(inner)] if isinstance(value, list) else []


def _succeeded(resolved: ResolvedCommand, result: object) -> Succeeded:
    method = resolved.command.method
    params = resolved.params if isinstance(resolved.params, dict) else {}
    return Succeeded(Answer(method=method, result=result, next=next_page(method, params, result), version="v3"))
