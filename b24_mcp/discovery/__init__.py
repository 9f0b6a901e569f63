"""What a portal says about itself: the user, the granted scopes, and the methods of its REST 3.0."""

from __future__ import annotations

from b24_mcp.discovery.cache import DocumentCache, cache_folder
from b24_mcp.discovery.knowledge import Knowledge, documented
from b24_mcp.discovery.methods import Discovery
from b24_mcp.discovery.portrait import Portrait, look_at

__all__ = ["Discovery", "DocumentCache", "Knowledge", "Portrait", "cache_folder", "documented", "look_at"]
