"""On whose behalf a tool is called."""

from __future__ import annotations

from dataclasses import dataclass

from b24_mcp.access.levels import Level


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a person of this computer over stdio, the subject of a verified token over HTTP.

    `name` is what approvals and the audit trail are bound to; `client` is the program that speaks for the person. None
    means as configured: `level` can only narrow what the settings allow, and `portals` names the portals to be used.
    """

    name: str
    client: str = ""
    level: Level | None = None
    portals: frozenset[str] | None = None
