"""Commands on their way into a request, shared by both generations of batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from b24_mcp.errors import B24Error
from b24_mcp.rest.batch.commands import Command
from b24_mcp.rest.batch.references import NoValueError, Path, Reference
from b24_mcp.rest.wire.params import Params, check_params

ValueOf = Callable[[Reference], Any]
"""What a reference to an answered command stands for. Raises `NoValueError`."""


class WaitsForValueError(Exception):
    """A command needs the answer to one of the same request before it can be written: it has to go in the next one."""


@dataclass(frozen=True, slots=True)
class KeptReference:
    """A reference that the portal replaces. `path` is its place, `is_inside_text` whether text is around it."""

    reference: Reference
    path: Path
    is_inside_text: bool


@dataclass(slots=True)
class Bound:
    """A command whose references to answered commands are replaced by values. `written` is how it stands in a batch;
    one that goes `alone` has to be a call of its own. `kept` are the references to commands of the same request.
    """

    command: Command
    params: Params
    written: Any
    alone: bool
    kept: tuple[KeptReference, ...] = ()


def check_resolved(params: Any, command: Command) -> Params:
    """Check parameters whose references were replaced as if they had been written so.

    Raises:
        NoValueError: when they cannot be sent.
    """
    if not command.references:
        return command.params
    if not isinstance(params, dict | list):
        raise NoValueError("params as a whole cannot be a reference")
    try:
        check_params(params, command.method)
    except B24Error as exc:
        raise NoValueError(f"with the values of its references it cannot be sent: {exc.fault.message}") from None
    return params
