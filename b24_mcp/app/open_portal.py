"""An open portal: everything that a use case needs to work with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from b24_mcp.access import Approvals, Gate
from b24_mcp.rest import Portal

if TYPE_CHECKING:
    from b24_mcp.app.record_names import RecordNames
    from b24_mcp.config.settings import Settings
    from b24_mcp.discovery import Discovery, MethodGrants, PortalFacts


def _no_names() -> RecordNames:
    from b24_mcp.app.record_names import RecordNames  # not needed to start and list the tools

    return RecordNames()


@dataclass(frozen=True, slots=True)
class OpenPortal:
    """An open portal with its gate, its discovered methods, and what it says of its fields, stages and people.

    `name` is its configured name, `settings` the settings it was opened with. `grants` are the methods that it grants.
    `approvals` holds the approvals by code;
    None when other processes cannot reach them. `notice` is the `portal` of every answer; None when it is obvious
    which portal answered. `record_names` are the names of records that were read for other calls.
    """

    name: str
    portal: Portal
    settings: Settings
    gate: Gate
    discovery: Discovery
    grants: MethodGrants
    facts: PortalFacts
    approvals: Approvals | None = None
    notice: str | None = None
    record_names: RecordNames = field(default_factory=_no_names)
