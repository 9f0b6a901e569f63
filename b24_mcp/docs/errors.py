"""What can go wrong with the local copy of the documentation."""

from __future__ import annotations


class DocsError(Exception):
    """The documentation cannot be fetched, read or searched. The text says why and what to do about it; whatever copy
    was there before is untouched.
    """


class NoSuchPageError(DocsError):
    """The copy holds no such page or section; `similar` are names that may have been meant."""

    def __init__(self, text: str, similar: list[str]) -> None:
        super().__init__(text)
        self.similar = similar
