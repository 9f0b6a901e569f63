"""Planned calls: checked once, frozen, and sent unchanged.

`plan_call` makes a `PlannedCall`, and `b24_mcp.rest.batch.commands` makes those of a batch. The gate, the question to
the user and the sender read everything about the call from it. Nothing checks or converts it again, except the gate,
which also reads the finished request.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from b24_mcp.catalog import Effect, Risk, Version, known_methods
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.wire.file_value import holds_files
from b24_mcp.rest.wire.method_name import check_method_name
from b24_mcp.rest.wire.params import DEEPEST, Params
from b24_mcp.rest.wire.request import Format, Request

if TYPE_CHECKING:
    from b24_mcp.rest.batch.references import Reference


# The portal reads these as credentials, or as a signature to verify, never as data.
_RESERVED = {
    "auth": "the credential is added by b24-mcp",
    "access_token": "the credential is added by b24-mcp",
    "aplogin": "the credential is added by b24-mcp",
    "ap": "the credential is added by b24-mcp",
    "sessid": "the credential is added by b24-mcp",
    "token": "the portal reads it as the signature of a download link and refuses the call",
    "state": "the portal silently removes it",
}
_LARGEST_INTEGER = 2**63 - 1


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
    commands in `params`. `effect` is what the method does by the catalogue. `risks` are those that apply to these
    parameters; None until `b24_mcp.access.with_risks` has compared them with the conditions of the risks. `warnings` of
    the check are shown in the answer. `change` is the record that the call changes, if it is known.
    """

    method: str
    params: Params
    version: Version = "v2"
    format: Format = "json"
    name: str = ""
    references: tuple[Reference, ...] = ()
    effect: Effect = "destructive"
    risks: tuple[Risk, ...] | None = None
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
    name: str = "",
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
    risks = catalogue.risky(method, version).risks
    return PlannedCall(
        method,
        params,
        version,
        format,
        name,
        effect=catalogue.effect(method, version),
        risks=None if [risk for risk in risks if risk.when] else risks,
        warnings=warnings,
    )


def call_request(planned: PlannedCall, params: Params | None = None) -> Request:
    """Return the request of one call. `params` replace those of the plan once references in them are resolved.

    A write in REST 3.0 gets an idempotency key.
    """
    params = planned.params if params is None else params
    reads = planned.effect == "read"
    if planned.version == "v2":
        return Request(
            planned.method, params, "v2", planned.format, (planned.method,), reads, has_files=holds_files(params)
        )
    name = planned.method.lower()  # REST 3.0 looks a name up in lower case
    key = None if reads else str(uuid.uuid4())
    return Request(name, params, "v3", planned.format, (name,), reads, key, has_files=holds_files(params))


def check_params(params: Params, method: str) -> None:
    """Refuse parameters that the portal would silently lose or misread.

    Raises:
        B24Error: `B24MCP_PARAMS`; nothing was sent.
    """
    if isinstance(params, list):
        _check_positional(params, method)
    elif not _RESERVED.keys().isdisjoint(params):
        name = next(name for name in params if name in _RESERVED)
        raise _refusal(f"params may not hold {name!r}: {_RESERVED[name]}.", method)
    pending: list[tuple[Params, int]] = [(params, 1)]
    while pending:
        container, depth = pending.pop()
        if container and depth == DEEPEST:
            raise _refusal(f"params are nested deeper than {DEEPEST} levels.", method)
        if isinstance(container, dict):
            texts, values = list(container), list(container.values())
        else:
            texts, values = [], container
        for value in values:
            if isinstance(value, str):
                texts.append(value)
            elif isinstance(value, dict | list):
                pending.append((value, depth + 1))
            elif isinstance(value, int):
                if abs(value) > _LARGEST_INTEGER:
                    raise _refusal(
                        "params hold a whole number of more than 64 bits, which the portal would round.", method
                    )
            elif isinstance(value, float) and not math.isfinite(value):
                raise _refusal("params hold a number that JSON cannot express (NaN or infinity).", method)
        for text in texts:
            if not text.isascii() and not _is_unicode(text):
                raise _refusal("params hold a text that is not valid Unicode (half of a surrogate pair).", method)


def check_version(version: Version, params: Params, format: Format, method: str) -> None:
    """Refuse parameters and formats that REST 3.0 does not support. Source: documentation, api-reference/rest-v3.

    Raises:
        B24Error: `B24MCP_VERSION`; nothing was sent.
    """
    if version == "v2":
        return
    if isinstance(params, list):
        raise our_error("B24MCP_VERSION", f"{method} in REST 3.0 takes an object of named parameters.", method=method)
    if format == "xml":
        raise our_error(
            "B24MCP_VERSION",
            f"{method} is called in REST 3.0, which writes JSON only.",
            method=method,
            hint="Nothing was sent. Leave format out.",
        )


def _check_positional(values: list[object], method: str) -> None:
    """Refuse a text that holds the name of the method: the portal takes it for that name and drops it."""
    for value in values:
        if isinstance(value, str) and method.lower() in value.lower():
            raise _refusal(
                f"The portal drops a text that holds the name of the method, {method}, from the arguments.", method
            )


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refusal(message: str, method: str) -> B24Error:
    return our_error("B24MCP_PARAMS", message, method=method)
