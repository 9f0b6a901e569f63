"""Handlers of events, the queue of offline events (documentation: api-reference/events) and the names of all events."""

from __future__ import annotations

from b24_sandbox import facts
from b24_sandbox.tables import entity

HANDLER = entity("event_handler")
OFFLINE_EVENT = entity("event_offline")


def names() -> dict[str, tuple[str, ...]]:
    """Scope -> its events. The empty scope contains the events of any application."""
    return facts.lists(facts.table("events"))
