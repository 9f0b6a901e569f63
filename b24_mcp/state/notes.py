"""The interface of a store of short-lived texts (notes), such as a question to the user and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class ExpiringStore(Protocol):
    """Texts with a key and an expiry time. `now` is Unix time. Every change is atomic.

    Raises (every method):
        OSError: if the store cannot be used.
    """

    async def put_note(
        self, key: str, text: str, now: float, *, seconds: float, group: str | None = None, newest: int | None = None
    ) -> None:
        """Store a text for a number of seconds, replacing the previous one.

        `group` makes it one of the texts that `read_group` returns, such as all those of one person. With `newest` the
        group then has at most so many texts: those that expire last.
        """
        ...

    async def add_note(self, key: str, text: str, now: float, *, seconds: float) -> bool:
        """Store a text for a number of seconds, unless the key has one. Only one of several concurrent callers gets
        True.
        """
        ...

    async def read_note(self, key: str, now: float) -> str | None:
        """Return the text; None if it does not exist or has expired."""
        ...

    async def take_note(self, key: str, now: float) -> str | None:
        """Return the text and delete it. Only one of several concurrent callers receives it."""
        ...

    async def read_group(self, group: str, now: float) -> Mapping[str, str]:
        """Return the texts of a group by their keys, without those that have expired or were taken."""
        ...
