"""Commands on their way into a request, shared by both generations of batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from b24_mcp.rest.commands import Command
from b24_mcp.rest.params import Params
from b24_mcp.rest.references import Reference

ValueOf = Callable[[Reference], Any]
"""What a reference to an answered command stands for. Raises `NoValueError`."""


class WaitsForValueError(Exception):
    """A command refers to one of the same request in a way only an answer can settle: it has to go in the next one."""


@dataclass(slots=True)
class Bound:
    """A command whose references to answered commands are replaced by values. `written` is how it stands in a batch;
    one that goes `alone` has to be a call of its own.
    """

    command: Command
    params: Params
    written: Any
    alone: bool
