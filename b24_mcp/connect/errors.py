"""The exception of this package."""

from __future__ import annotations


class ConnectError(Exception):
    """A client cannot be connected. The message says why, whether anything was changed, and what to do."""


class ForeignEntryError(ConnectError):
    """An entry of that name belongs to another program."""
