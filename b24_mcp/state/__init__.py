"""State that several processes share: the used part of a portal's rate limits, short-lived notes, and tokens.

An editor starts one server for each window, and all of them call one portal from one address. The default store is a
file in the user's state directory. Redis is for several machines that share a portal.
"""

from __future__ import annotations

from b24_mcp.state.fallback import FallbackLimits
from b24_mcp.state.file import FileState
from b24_mcp.state.limits import LONGEST_CHARGE, Bucket, Charge, LimitState, Turn
from b24_mcp.state.notes import ExpiringStore
from b24_mcp.state.stores import SharedState, open_state, open_tokens
from b24_mcp.state.tokens import TokenLease, Tokens, TokenStore

__all__ = [
    "LONGEST_CHARGE",
    "Bucket",
    "Charge",
    "ExpiringStore",
    "FallbackLimits",
    "FileState",
    "LimitState",
    "SharedState",
    "TokenLease",
    "TokenStore",
    "Tokens",
    "Turn",
    "open_state",
    "open_tokens",
]
