"""How a batch is written and read in the older generation: `cmd` maps labels to `method?query`, five maps come back.

Source: documentation, settings/how-to-call-rest-api/batch; measured behaviour.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import Any

from b24_mcp.rest.answer import Answer
from b24_mcp.rest.bound import Bound, ValueOf
from b24_mcp.rest.commands import Command
from b24_mcp.rest.outcomes import BatchMaps, Failed, Succeeded
from b24_mcp.rest.params import NotExpressibleError, query_string
from b24_mcp.rest.references import NoValueError, Reference, replace_references, replaced_by_portal
from b24_mcp.rest.request import Format, Request

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
        """Replace what is known by now; what is still to come stays a reference, under the label on the wire.

        What a query string cannot say goes alone.

        Raises:
            NoValueError: when a command it refers to has no such value.
        """
        still_references = []

        def replacement(reference: Reference) -> Any:
            if reference.command in answered:
                return value_of(reference)
            still_references.append(reference.on_the_wire(self._labels[reference.command]))
            return still_references[-1]

        params = replace_references(command.params, replacement)
        try:
            query = query_string(params)
        except NotExpressibleError:
            return Bound(command, params, None, alone=True)
        # A value that came from the portal is data: were it sent in a batch, it could be read as a reference.
        alone = replaced_by_portal(params) != still_references
        return Bound(command, params, f"{command.method}?{query}" if query else command.method, alone)

    def write(self, request: list[Bound]) -> Request:
        """The request that runs these commands."""
        cmd = {self._labels[bound.command.name]: bound.written for bound in request}
        body = {"halt": int(self.halt), "cmd": cmd}
        runs = dict.fromkeys(bound.command.method for bound in request)
        return Request("batch", body, "v2", self.format, tuple(runs))

    def read(self, answer: Answer, request: list[Bound], value_of: ValueOf) -> Callable[[Bound], Succeeded | Failed]:
        """Give what became of each command, to be asked in their order.

        Raises:
            B24Error: `B24MCP_BAD_ANSWER`.
        """
        maps = BatchMaps.read(answer, self.format)

        def outcome(bound: Bound) -> Succeeded | Failed:
            command = bound.command
            return maps.outcome(self._labels[command.name], command.method, _doubtful_references(bound, value_of))

        return outcome


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


def _doubtful_references(bound: Bound, value_of: ValueOf) -> tuple[str, ...]:
    """Within one request the portal puts *something* where a reference leads to nothing, and runs the command."""
    doubtful = []
    for reference in dict.fromkeys(bound.command.references):
        if reference.root == "time":
            continue  # the portal knows more of its own clock than we keep
        try:
            value_of(reference)
        except NoValueError:
            doubtful.append(
                f"{reference} had no value, and the portal ran this command with something else in its place"
            )
    return tuple(doubtful)
