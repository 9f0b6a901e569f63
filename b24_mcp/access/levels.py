"""The access levels, and the OAuth scopes that grant them."""

from __future__ import annotations

from typing import Literal, get_args

Level = Literal["read", "write", "full"]
"""The access level: `read` allows reading methods only, `write` asks before destructive and risky calls, `full` does
not ask.
"""

LEVELS: tuple[Level, ...] = get_args(Level)
"""The access levels, from the narrowest to the widest."""

LEVEL_SCOPES = tuple(f"b24:{level}" for level in LEVELS)
"""`b24:read`, `b24:write` and `b24:full`, each of which includes those before it."""
