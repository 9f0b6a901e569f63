"""One request to a portal, as it is sent."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any, Literal

from b24_mcp.catalog import Version, is_reading
from b24_mcp.errors import our_error
from b24_mcp.rest.wire.params import Params

Format = Literal["json", "xml"]
"""The format of the answer. REST 3.0 supports JSON only."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request for `method`, in the generation `version` of the API, with `body` as JSON.

    `runs` are the methods that run in it: `method` itself, or those of the commands of a batch. `key` is the
    Idempotency-Key of a write in REST 3.0, under which it may be sent again. Source: documentation,
    api-reference/rest-v3.
    """

    method: str
    body: Any
    version: Version = "v2"
    format: Format = "json"
    runs: tuple[str, ...] = ()
    key: str | None = None

    @property
    def reads(self) -> bool:
        """Whether the request changes nothing."""
        return all(is_reading(method, self.version) for method in self.runs)

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


def call_request(method: str, params: Params, version: Version, format: Format) -> Request:
    """Return the request that calls one method. A write in REST 3.0 gets a new idempotency key."""
    if version == "v2":
        return Request(method, params, "v2", format, (method,))
    name = method.lower()  # REST 3.0 finds names in lower case only
    key = None if is_reading(name, "v3") else str(uuid.uuid4())
    return Request(name, params, "v3", format, (name,), key)
