"""What a store of short-lived texts has to do, such as a question to a person and the answer to it."""

from __future__ import annotations

from typing import Protocol


class ExpiringStore(Protocol):
    """Texts (notes) under keys, each for a time. `now` is Unix time; every change is one atomic step.

    Raises (every method):
        OSError: when the store cannot be used.
    """

    async def put_note(self, key: str, text: str, now: float, *, seconds: float) -> None:
        """Keep a text for so many seconds, in place of what was there."""
        ...

    async def read_note(self, key: str, now: float) -> str | None:
        """The text, or None when there is none or its time is over."""
        ...

    async def take_note(self, key: str, now: float) -> str | None:
        """The same, and forget it: of all who take at once, one gets it."""
        ...
