"""The levels of access, from the narrowest to the widest."""

from __future__ import annotations

from typing import Literal, get_args

Level = Literal["read", "write", "full"]
"""`read` takes reading methods only, `write` asks before destructive and risky calls, `full` does not ask."""

LEVELS: tuple[Level, ...] = get_args(Level)
