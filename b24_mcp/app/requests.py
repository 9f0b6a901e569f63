"""Calls and batches as a caller requested them, before any check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from b24_mcp.rest import Format, Params

WantedVersion = Literal["auto", "v2", "v3"]


class Command(Protocol):
    """One command of a batch, as the client sent it."""

    @property
    def method(self) -> str:
        """The name of the method."""
        ...

    @property
    def params(self) -> Params | None:
        """The parameters; None without any."""
        ...


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A call of one method, as the caller requested it.

    Without `validate` the parameters are not compared with the documentation. With `reading_only` a method that writes
    is refused. With `resolve` the answer has names for the ids in the result.
    """

    method: str
    params: Params | None = None
    version: WantedVersion = "auto"
    format: Format = "json"
    validate: bool = True
    dry_run: bool = False
    reading_only: bool = False
    resolve: bool = False


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """A batch, as the caller requested it; see `CallRequest`.

    With `halt` nothing runs after the first failed command.
    """

    commands: Mapping[str, Command]
    halt: bool = False
    version: WantedVersion = "auto"
    format: Format = "json"
    validate: bool = True
    dry_run: bool = False
    resolve: bool = False
