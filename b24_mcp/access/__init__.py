"""What an assistant may do, and who lets it: the caller, and the levels of access."""

from b24_mcp.access.caller import Caller
from b24_mcp.access.levels import LEVELS, Level

__all__ = ["LEVELS", "Caller", "Level"]
