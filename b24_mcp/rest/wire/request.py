"""One request to a portal, as it is sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from b24_mcp.catalog import Version
from b24_mcp.rest.wire.params import Params

if TYPE_CHECKING:
    from b24_mcp.rest.wire.file_body import FileBody

Format = Literal["json", "xml"]
"""The format of the answer. REST 3.0 supports JSON only."""

Content: TypeAlias = "bytes | FileBody"
"""The body of a request, as it is sent."""


def fingerprint(content: Content) -> bytes:
    """Return bytes that are equal for equal bodies."""
    return content if isinstance(content, bytes) else content.fingerprint


@dataclass(frozen=True, slots=True)
class Request:
    """A request for `method`, in the generation `version` of the API, with `body` as JSON.

    `runs` are the methods that run in it: `method` itself, or those of the commands of a batch. `reads` is true
    when none of them changes anything, so that the request may be repeated. `key` is the Idempotency-Key of a write in
    REST 3.0, under which it may be sent again. Source: documentation, api-reference/rest-v3. `has_files` is true when
    `body` has files in it, which become the expected values in `content` only.
    """

    method: str
    body: Any
    version: Version = "v2"
    format: Format = "json"
    runs: tuple[str, ...] = ()
    reads: bool = False
    key: str | None = None
    has_files: bool = False

    @property
    def charged(self) -> tuple[str, ...]:
        """The methods whose working time the request may use. Portals differ in which one they charge for a batch."""
        return tuple(dict.fromkeys((self.method, *self.runs)))

    @property
    def content(self) -> Content:
        """The body as bytes, or as a stream when there are files in it.

        The portal runs a method without parameters if the JSON is malformed, so this never writes NaN or Infinity. With
        an idempotency key the names are sorted, because the portal compares bodies and equal calls need equal bodies.
        """
        has_key = self.key is not None
        if self.has_files:
            from b24_mcp.rest.wire.file_body import json_body  # most calls do without

            return json_body(self.body, sort_keys=has_key)
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
