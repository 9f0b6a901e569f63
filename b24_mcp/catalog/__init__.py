"""What the REST API offers. It knows no portal and works offline."""

from b24_mcp.catalog.effects import is_reading, load

__all__ = ["is_reading", "load"]
