"""What several processes share: how much of a portal's limits is used up.

An editor starts one server for each window, and all of them call one portal from one address. The default is a file in
the user's state directory; Redis when several machines share a portal.
"""

from b24_mcp.state.limits import Bucket, Charge, LimitState, Turn
from b24_mcp.state.opening import open_state

__all__ = ["Bucket", "Charge", "LimitState", "Turn", "open_state"]
