"""The errors of the local copy of the documentation."""

from __future__ import annotations


class DocsError(Exception):
    """The documentation cannot be downloaded, read or searched. The message states the reason and the remedy. An
    existing copy is unchanged.
    """


class NoSuchPageError(DocsError):
    """The copy has no such page or section. `similar` are names close to the requested one."""

    def __init__(self, message: str, similar: list[str]) -> None:
        super().__init__(message)
        self.similar = similar


class SyncRunningError(DocsError):
    """Another process synchronises the copy."""
