"""Commands whose references are resolved, as both generations of the API encode them into a request."""

from __future__ import annotations

import re
from dataclasses import dataclass

from b24_mcp.errors import B24Error
from b24_mcp.rest.batch.commands import Command
from b24_mcp.rest.batch.references import NoValueError, Path, Reference
from b24_mcp.rest.planned import check_params
from b24_mcp.rest.wire.params import Params


class WaitsForValueError(Exception):
    """A command needs the answer of another command of the same request, so it has to go into the next request."""


@dataclass(frozen=True, slots=True)
class KeptReference:
    """A reference that the portal replaces. `path` is its place in the parameters, `is_inside_text` whether other text
    surrounds it.
    """

    reference: Reference
    path: Path
    is_inside_text: bool


@dataclass(frozen=True, slots=True)
class ResolvedCommand:
    """A command whose references to answered commands are replaced by values.

    `encoded` is its form inside a batch. If `alone` is true, the command is sent as a single call instead. `kept` are
    its references to commands of the same request.
    """

    command: Command
    params: Params
    encoded: str | Params | None
    alone: bool = False
    kept: tuple[KeptReference, ...] = ()


def check_resolved(params: object, method: str) -> Params:
    """Check parameters after their references were replaced, and return them.

    Raises:
        NoValueError: the parameters cannot be sent.
    """
    if not isinstance(params, dict | list):
        raise NoValueError("params as a whole cannot be a reference")
    try:
        check_params(params, method)
    except B24Error as exc:
        raise NoValueError(f"with the values of its references it cannot be sent: {exc.fault.message}") from None
    return params


def wire_labels(commands: list[Command], plain: re.Pattern[str]) -> dict[str, str]:
    """Return the label of each command in a request, by its name: the name if it matches `plain`, else a substitute."""
    taken = {command.name for command in commands}
    labels: dict[str, str] = {}
    for position, command in enumerate(commands):
        label = command.name
        while not plain.fullmatch(label) or (label != command.name and label in taken):
            label = f"command_{position}" if label == command.name else f"{label}_"
        taken.add(label)
        labels[command.name] = label
    return labels
