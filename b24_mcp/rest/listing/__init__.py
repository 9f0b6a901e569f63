"""Reading whole lists from a portal; `Portal.listing` opens one."""

from b24_mcp.rest.listing.listing import Listing, open_listing

__all__ = ["Listing", "open_listing"]
