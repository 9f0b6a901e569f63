"""The options of a portal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from b24_mcp.rest.limits.limits import Plan

_MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class PortalOptions:
    """The options of a portal.

    `seconds` is the timeout for each read of a response: the portal itself ends a request after 60 s. `deadline` is the
    longest duration of a whole call in seconds, waiting and token renewal included. `plan` selects the rate limits.
    `largest_answer` is in bytes. `ca_bundle` is a file of further certificate authorities.
    """

    seconds: float = 65.0
    deadline: float = 55.0
    plan: Plan = "basic"
    largest_answer: int = 64 * _MEGABYTE
    ca_bundle: Path | None = None
