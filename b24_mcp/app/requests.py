"""Calls and batches as a caller requested them, before any check, and their JSON while they wait for approval."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal, Protocol

from b24_mcp.rest import Format, Params

WantedVersion = Literal["auto", "v2", "v3"]

LARGEST_LIMIT = 500
"""The largest `limit` of a call: more rows belong into a data set."""
_LONGEST_STORED = 1_000_000


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
class RequestedCommand:
    """A `Command` that was stored with its batch."""

    method: str
    params: Params | None = None


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A call of one method, as the caller requested it.

    Without `validate` the parameters are not compared with the documentation. With `reading_only` a method that writes
    is refused. With `resolve` the answer has names for the ids in the result. `limit` is the largest number of rows of
    a list. With `empty` the answer shows every value, also those that tell nothing; see `lean_result`.
    """

    method: str
    params: Params | None = None
    version: WantedVersion = "auto"
    format: Format = "json"
    validate: bool = True
    dry_run: bool = False
    reading_only: bool = False
    resolve: bool = False
    limit: int | None = None
    empty: bool = False

    def stored(self) -> str:
        """Return the request as JSON, to be repeated after the approval; empty when it is too large to be stored."""
        return _stored("call", asdict(self))


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """A batch, as the caller requested it; see `CallRequest`.

    With `halt` nothing runs after the first failed command. With `reading_only` a command that writes is refused.
    """

    commands: Mapping[str, Command]
    halt: bool = False
    version: WantedVersion = "auto"
    format: Format = "json"
    validate: bool = True
    dry_run: bool = False
    reading_only: bool = False
    resolve: bool = False

    def stored(self) -> str:
        """Return the request as JSON; see `CallRequest`."""
        commands = {name: {"method": one.method, "params": one.params} for name, one in self.commands.items()}
        return _stored("batch", asdict(replace(self, commands={})) | {"commands": commands})


def stored_request(text: str) -> CallRequest | BatchRequest | None:
    """Return the request in a stored text; None for a text of another kind.

    The text was written by this program and holds what a person approved.
    """
    kind, fields = json.loads(text)
    if kind == "call":
        return CallRequest(**fields)
    if kind == "batch":
        commands = {name: RequestedCommand(**command) for name, command in fields.pop("commands").items()}
        return BatchRequest(commands, **fields)
    return None


def _stored(kind: str, fields: Mapping[str, object]) -> str:
    text = json.dumps([kind, fields], ensure_ascii=False)
    return text if len(text) <= _LONGEST_STORED else ""
