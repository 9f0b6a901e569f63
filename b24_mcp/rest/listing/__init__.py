"""Reading whole lists from a portal. `Portal.listing` opens one."""

from __future__ import annotations

from b24_mcp.rest.listing.first_rows import has_pages, rows_in
from b24_mcp.rest.listing.listing import Listing, open_listing
from b24_mcp.rest.listing.sender import PortalListSender

__all__ = ["Listing", "PortalListSender", "has_pages", "open_listing", "rows_in"]
