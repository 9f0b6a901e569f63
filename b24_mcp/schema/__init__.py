"""What one portal looks like, asked of itself: the methods of its REST 3.0."""

from b24_mcp.schema.cache import DocumentCache, cache_folder
from b24_mcp.schema.discovery import Discovery
from b24_mcp.schema.knowledge import Knowledge, documented

__all__ = ["Discovery", "DocumentCache", "Knowledge", "cache_folder", "documented"]
