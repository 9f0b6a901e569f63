"""A batch of the older generation of the API: `cmd` maps labels to `method?query`, and five maps come back.

Source: documentation, settings/how-to-call-rest-api/batch; measured behaviour.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from b24_mcp.catalog import is_reading
from b24_mcp.rest.batch.commands import Command
from b24_mcp.rest.batch.ledger import Ledger
from b24_mcp.rest.batch.outcomes import BatchMaps, Failed, Succeeded
from b24_mcp.rest.batch.references import NoValueError, Path, Reference, replace_references, replaced_by_portal
from b24_mcp.rest.batch.resolved_command import (
    KeptReference,
    ResolvedCommand,
    WaitsForValueError,
    check_resolved,
    wire_labels,
)
from b24_mcp.rest.batch.value_place import checked_value
from b24_mcp.rest.wire.answer import Answer
from b24_mcp.rest.wire.file_value import holds_files
from b24_mcp.rest.wire.params import written_as_query
from b24_mcp.rest.wire.request import Format, Request

# Labels become JSON keys and names of XML elements; as an element, a number is lost and `item` is an entry of a list.
_LABEL = {"json": re.compile(r"[A-Za-z0-9_]+"), "xml": re.compile(r"(?!item$)[A-Za-z_][A-Za-z0-9_]*")}


@dataclass(slots=True)
class BatchV2:
    """The encoding of these commands in the older generation of the API."""

    commands: list[Command]
    halt: bool
    format: Format
    _labels: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._labels = wire_labels(self.commands, _LABEL[self.format])

    def resolve(self, command: Command, ledger: Ledger) -> ResolvedCommand:
        """Replace the references whose values are known, and encode the command.

        In a command that only reads, references to commands of the same request stay, with their labels. Where a
        reference leads to nothing the portal inserts an array, which it takes for the id 1. So a command that writes
        or takes positional arguments never reaches the portal with a reference. A command that a query string cannot
        express is sent as a single call.

        Raises:
            NoValueError: a reference leads to nothing, or to a value that cannot stand in its place.
            WaitsForValueError: a value has to be known first.
        """
        method = command.method
        if not command.references:
            query = written_as_query(command.params)
            alone = query is None or holds_files(command.params)
            return ResolvedCommand(command, command.params, _encoded(method, query), alone)
        needs_values = not is_reading(method, "v2") or isinstance(command.params, list)
        kept: list[KeptReference] = []
        on_the_wire: list[str] = []

        def keep(reference: Reference, path: Path, *, is_inside_text: bool) -> str:
            if needs_values:
                raise WaitsForValueError
            text = reference.with_label(self._labels[reference.command])
            kept.append(KeptReference(reference, path, is_inside_text))
            on_the_wire.append(text)
            return text

        def replacement(reference: Reference, path: Path) -> object:
            if reference.command in ledger.outcomes:
                return checked_value(ledger.value_of(reference), reference, method, "v2", path)
            return keep(reference, path, is_inside_text=False)

        def insertion(reference: Reference) -> object:
            if reference.command in ledger.outcomes:
                return ledger.value_of(reference)
            return keep(reference, (), is_inside_text=True)

        params = check_resolved(replace_references(command.params, replacement, insertion), method)
        query = written_as_query(params)
        # A value that came from the portal is data, but inside a batch the portal could read it as a reference.
        alone = query is None or replaced_by_portal(params) != on_the_wire or holds_files(params)
        return ResolvedCommand(command, params, _encoded(method, query), alone, tuple(kept))

    def request(self, resolved: list[ResolvedCommand]) -> Request:
        """Return the request that runs these commands."""
        cmd: dict[str, object] = {}
        methods: dict[str, None] = {}
        for one in resolved:
            cmd[self._labels[one.command.name]] = one.encoded
            methods[one.command.method] = None
        reads = all(one.command.reads for one in resolved)
        return Request("batch", {"halt": int(self.halt), "cmd": cmd}, "v2", self.format, tuple(methods), reads)

    def outcomes(self, answer: Answer, request: list[ResolvedCommand]) -> list[Succeeded | Failed]:
        """Return the outcome of each command of a request, in order.

        Raises:
            B24Error: `B24MCP_BAD_ANSWER`: the answer is not that of a batch.
        """
        maps = BatchMaps.read(answer, self.format)
        found: list[Succeeded | Failed] = []
        for resolved in request:
            command = resolved.command
            found.append(maps.outcome(self._labels[command.name], command.method, ()))
        return found


def untrusted_reason(resolved: ResolvedCommand, ledger: Ledger) -> str | None:
    """Return why the answer to a command that only read must not be used: one of its kept references had no value.

    The portal inserted something else in its place, so the command read another record, or read without a filter.
    Return None if every reference had a value that may stand in its place.
    """
    for kept in resolved.kept:
        try:
            value = ledger.value_of(kept.reference)
            if not kept.is_inside_text:
                checked_value(value, kept.reference, resolved.command.method, "v2", kept.path)
            elif value is None or isinstance(value, bool | list | dict):
                return f"{kept.reference} is not a text or a number, so it cannot stand inside a text"
        except NoValueError as exc:
            return str(exc)
    return None


def _encoded(method: str, query: str | None) -> str | None:
    if query is None:
        return None
    return f"{method}?{query}" if query else method
