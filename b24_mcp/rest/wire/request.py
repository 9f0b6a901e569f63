"""One request to a portal, as it is sent."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from b24_mcp.catalog import Version
from b24_mcp.errors import our_error
from b24_mcp.rest.wire.params import Params

if TYPE_CHECKING:
    from b24_mcp.rest.planned import PlannedCall

Format = Literal["json", "xml"]
"""The format of the answer. REST 3.0 supports JSON only."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request for `method`, in the generation `version` of the API, with `body` as JSON.

    `runs` are the methods that run in it: `method` itself, or those of the commands of a batch. `reads` is true
    when none of them changes anything, so that the request may be repeated. `key` is the Idempotency-Key of a write in
    REST 3.0, under which it may be sent again. Source: documentation, api-reference/rest-v3.
    """

    method: str
    body: Any
    version: Version = "v2"
    format: Format = "json"
    runs: tuple[str, ...] = ()
    reads: bool = False
    key: str | None = None

    @property
    def charged(self) -> tuple[str, ...]:
        """The methods whose working time the request may use. Portals differ in which one they charge for a batch."""
        return tuple(dict.fromkeys((self.method, *self.runs)))

    @property
    def content(self) -> bytes:
        """The body as bytes.

        The portal runs a method without parameters if the JSON is malformed, so this never writes NaN or Infinity. With
        an idempotency key the names are sorted, because the portal compares bodies and equal calls need equal bodies.
        """
        has_key = self.key is not None
        text = json.dumps(self.body, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=has_key)
        return text.encode()


@dataclass(frozen=True, slots=True)
class WireCall:
    """One method that a finished request runs.

    `params` are the JSON values of the request, or the query string of a command in a batch of v2. `name` is the label
    of the command in the request; empty for a single call.
    """

    method: str
    version: Version
    params: Params | str
    name: str = ""


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


def call_request(planned: PlannedCall, params: Params | None = None) -> Request:
    """Return the request of one call. `params` replace those of the plan once references in them are resolved.

    A write in REST 3.0 gets an idempotency key.
    """
    params = planned.params if params is None else params
    reads = planned.effect == "read"
    if planned.version == "v2":
        return Request(planned.method, params, "v2", planned.format, (planned.method,), reads)
    name = planned.method.lower()  # REST 3.0 looks a name up in lower case
    return Request(name, params, "v3", planned.format, (name,), reads, None if reads else str(uuid.uuid4()))


def calls_in(request: Request) -> list[WireCall]:
    """Return the calls that a finished request runs, as the portal will read them.

    Sources: documentation, settings/how-to-call-rest-api/batch and api-reference/rest-v3; measured behaviour for where
    the method name of a command ends.
    """
    if request.method.lower() != "batch":
        return [WireCall(request.method, request.version, request.body)]
    if request.version == "v3":
        return [WireCall(item["method"], "v3", item["query"], item.get("as", "")) for item in request.body]
    return [_command(label, text) for label, text in request.body["cmd"].items()]


def _command(label: str, text: str) -> WireCall:
    method, _, query = text.partition("#")[0].partition("?")
    return WireCall(method, "v2", query, label)
