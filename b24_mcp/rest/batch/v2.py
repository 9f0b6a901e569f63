"""How a batch is written and read in the older generation: `cmd` maps labels to `method?query`, five maps come back.

Source: documentation, settings/how-to-call-rest-api/batch; measured behaviour.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import Any

from b24_mcp.catalog import is_reading
from b24_mcp.rest.batch.bound import Bound, KeptReference, ValueOf, WaitsForValueError, check_resolved
from b24_mcp.rest.batch.commands import Command
from b24_mcp.rest.batch.outcomes import BatchMaps, Failed, Succeeded
from b24_mcp.rest.batch.references import NoValueError, Path, Reference, replace_references, replaced_by_portal
from b24_mcp.rest.batch.references_values import fit
from b24_mcp.rest.wire.answer import Answer
from b24_mcp.rest.wire.params import NotExpressibleError, query_string
from b24_mcp.rest.wire.request import Format, Request

# Labels become JSON keys, and names of XML elements, where a number is lost and `item` means an entry of a list.
_LABEL = {"json": re.compile(r"[A-Za-z0-9_]+"), "xml": re.compile(r"(?!item$)[A-Za-z_][A-Za-z0-9_]*")}


@dataclass(slots=True)
class BatchV2:
    """The older batch for all these commands."""

    commands: list[Command]
    halt: bool
    format: Format
    _labels: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._labels = labels(self.commands, _LABEL[self.format])

    def bind(self, command: Command, answered: Container[str], value_of: ValueOf) -> Bound:
        """Replace the references whose values are known; those to commands of the same request stay, under the label on
        the wire, in a command that only reads.

        Where a reference leads to nothing the portal puts an array, which it takes for the id 1. So what writes, or
        counts its arguments, never reaches the portal with a reference. What a query string cannot express goes alone.

        Raises:
            NoValueError: when a reference leads to nothing, or to what cannot stand in its place.
            WaitsForValueError: when a value has to be known first.
        """
        needs_values = not is_reading(command.method, "v2") or isinstance(command.params, list)
        kept: list[KeptReference] = []

        def on_the_wire(reference: Reference, path: Path, *, is_inside_text: bool) -> str:
            if needs_values:
                raise WaitsForValueError
            kept.append(KeptReference(reference, path, is_inside_text))
            return reference.on_the_wire(self._labels[reference.command])

        def replacement(reference: Reference, path: Path) -> Any:
            if reference.command in answered:
                return fit(value_of(reference), reference, command.method, "v2", path)
            return on_the_wire(reference, path, is_inside_text=False)

        def inside_text(reference: Reference) -> Any:
            if reference.command in answered:
                return value_of(reference)
            return on_the_wire(reference, (), is_inside_text=True)

        params = check_resolved(replace_references(command.params, replacement, inside_text), command)
        try:
            query = query_string(params)
        except NotExpressibleError:
            return Bound(command, params, None, True, tuple(kept))
        # A value that came from the portal is data: were it sent in a batch, it could be read as a reference.
        wired = [one.reference.on_the_wire(self._labels[one.reference.command]) for one in kept]
        alone = replaced_by_portal(params) != wired
        return Bound(command, params, f"{command.method}?{query}" if query else command.method, alone, tuple(kept))

    def write(self, request: list[Bound]) -> Request:
        """The request that runs these commands."""
        cmd = {self._labels[bound.command.name]: bound.written for bound in request}
        body = {"halt": int(self.halt), "cmd": cmd}
        runs = dict.fromkeys(bound.command.method for bound in request)
        reads = all(bound.command.reads for bound in request)
        return Request("batch", body, "v2", self.format, tuple(runs), reads)

    def read(self, answer: Answer, warnings: tuple[str, ...] = ()) -> Callable[[Bound], Succeeded | Failed]:
        """Return what became of each command.

        Raises:
            B24Error: `B24MCP_BAD_ANSWER`.
        """
        maps = BatchMaps.read(answer, self.format)
        return lambda bound: maps.outcome(self._labels[bound.command.name], bound.command.method, warnings)


def labels(commands: list[Command], plain: re.Pattern[str]) -> dict[str, str]:
    """Give each command a label that survives the way: its name where that is plain, else a stand-in."""
    taken = {command.name for command in commands}
    given = {}
    for position, command in enumerate(commands):
        label = command.name
        while not plain.fullmatch(label) or (label != command.name and label in taken):
            label = f"command_{position}" if label == command.name else f"{label}_"
        taken.add(label)
        given[command.name] = label
    return given


def why_not_trusted(bound: Bound, value_of: ValueOf) -> str | None:
    """The error for a command that only read and whose reference led to nothing, once its request was answered.

    The portal put something else in its place, so that the command read another record, or read without a filter. None
    when every reference had a value that may stand in its place.
    """
    for kept in bound.kept:
        try:
            value = value_of(kept.reference)
            if not kept.is_inside_text:
                fit(value, kept.reference, bound.command.method, "v2", kept.path)
            elif value is None or isinstance(value, bool | list | dict):
                return f"{kept.reference} is not a text or a number, so it cannot stand inside a text"
        except NoValueError as exc:
            return str(exc)
    return None
