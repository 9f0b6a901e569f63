"""Reading whole lists from a portal; `Portal.listing` opens one."""

from b24_mcp.rest.listing.door import PortalDoor
from b24_mcp.rest.listing.listing import Listing, open_listing

__all__ = ["Listing", "PortalDoor", "open_listing"]
