"""Planned calls: checked once, frozen, and sent unchanged.

`plan_call` makes a `PlannedCall`, and `b24_mcp.rest.batch.commands` makes those of a batch. The gate, the question to
the user and the sender read everything about the call from it. Nothing checks or converts it again, except the gate,
which also reads the finished request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from b24_mcp.catalog import Effect, Risk, Version, known_methods
from b24_mcp.rest.wire.method_name import check_method_name
from b24_mcp.rest.wire.params import Params, check_params
from b24_mcp.rest.wire.request import Format, check_version

if TYPE_CHECKING:
    from b24_mcp.rest.batch.references import Reference


class MethodCall(Protocol):
    """A call of one method, planned or read back from a finished request.

    `params` are JSON values, or the query string of a command in a batch of v2. `name` is the name of the command, or
    its label in the request; empty for a single call.
    """

    @property
    def method(self) -> str:
        """The name of the method."""
        ...

    @property
    def version(self) -> Version:
        """The generation of the API."""
        ...

    @property
    def params(self) -> Params | str:
        """The parameters."""
        ...

    @property
    def name(self) -> str:
        """The name of the command."""
        ...


@dataclass(frozen=True, slots=True)
class ChangedRecord:
    """The record that a call changes: its kind (`crm.deal`), its id, and its values before the call, if known."""

    kind: str
    id: str
    before: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One checked call of a method.

    `name` is the name of the command in a batch; empty for a single call. `references` are the references to earlier
    commands in `params`. `effect` is what the method does by the catalogue; `risks` are those that apply to these
    parameters. `warnings` are the warnings of the check, which the answer shows. `change` is the record that the call
    changes, if it is known.
    """

    method: str
    params: Params
    version: Version = "v2"
    format: Format = "json"
    name: str = ""
    references: tuple[Reference, ...] = ()
    effect: Effect = "destructive"
    risks: tuple[Risk, ...] = ()
    warnings: tuple[str, ...] = ()
    change: ChangedRecord | None = None

    @property
    def reads(self) -> bool:
        """Whether the method changes nothing, so that the call may be repeated."""
        return self.effect == "read"


@dataclass(frozen=True, slots=True)
class PlannedBatch:
    """The checked commands of a batch, in their order. With `halt` nothing runs after the first failed command."""

    commands: tuple[PlannedCall, ...]
    halt: bool = False
    format: Format = "json"


def plan_call(
    method: str,
    params: Params | None = None,
    version: Version = "v2",
    format: Format = "json",
    *,
    warnings: tuple[str, ...] = (),
) -> PlannedCall:
    """Return a checked call. A documented method gets the letter case of the documentation.

    Raises:
        B24Error: for a method name, parameters or a version that cannot be sent; nothing was sent.
    """
    params = {} if params is None else params
    catalogue = known_methods()
    spelling = catalogue.spelling(method)
    if spelling is None or spelling == "batch" or not method.isascii():
        check_method_name(method)  # a documented name needs no check, but KELVIN SIGN is a k in lower case
    else:
        method = spelling
    check_params(params, method)
    if version == "v3":
        check_version(version, params, format, method)
    return PlannedCall(method, params, version, format, effect=catalogue.effect(method, version), warnings=warnings)
