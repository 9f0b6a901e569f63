"""The one exception of this room."""

from __future__ import annotations


class ConnectError(Exception):
    """A client cannot be connected. The text says why, whether anything was changed, and what to do."""
