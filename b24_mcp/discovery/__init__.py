"""What a portal says about itself: the user, the granted scopes, the methods of its REST 3.0, and its fields, stages
and people.
"""

from __future__ import annotations

from b24_mcp.discovery import changes, entities, entity_words
from b24_mcp.discovery.cache import DocumentCache, cache_folder
from b24_mcp.discovery.changes import WatchingGuard
from b24_mcp.discovery.entities import (
    PortalEntity,
    concerns_fields,
    entity_of,
    entity_of_type,
)
from b24_mcp.discovery.entity_words import (
    entity_named,
    is_of_lists,
    kinds_meant,
    known_kinds,
    type_id_in,
    words_of_kind,
)
from b24_mcp.discovery.facts import PortalFacts
from b24_mcp.discovery.fields import EntityFields, Option, PortalField, folded
from b24_mcp.discovery.grants import MethodGrant, MethodGrants
from b24_mcp.discovery.knowledge import Knowledge, documented
from b24_mcp.discovery.methods import DiscoveredMethods, Discovery
from b24_mcp.discovery.people import Department, DirectoryEntry, Person, Pipeline, SmartProcess, Stage
from b24_mcp.discovery.portrait import Portrait, look_at


def load() -> None:
    """Read the tables of this package. Reads files: call it in a thread, before the first request to a portal."""
    entities.load()
    entity_words.load()
    changes.load()


__all__ = [
    "Department",
    "DirectoryEntry",
    "DiscoveredMethods",
    "Discovery",
    "DocumentCache",
    "EntityFields",
    "Knowledge",
    "MethodGrant",
    "MethodGrants",
    "Option",
    "Person",
    "Pipeline",
    "PortalEntity",
    "PortalFacts",
    "PortalField",
    "Portrait",
    "SmartProcess",
    "Stage",
    "WatchingGuard",
    "cache_folder",
    "concerns_fields",
    "documented",
    "entity_named",
    "entity_of",
    "entity_of_type",
    "folded",
    "is_of_lists",
    "kinds_meant",
    "known_kinds",
    "load",
    "look_at",
    "type_id_in",
    "words_of_kind",
]
