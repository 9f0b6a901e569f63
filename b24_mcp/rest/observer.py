"""The observer of calls, for metrics. Without metrics it does nothing. Reports hold no names of people and no values
of calls.
"""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """Gets counts and durations in seconds. Its methods return at once and raise nothing.

    `outcome` and `code` are `ok`, or the code of an error as it was received.
    """

    def portal_request(self, version: str, outcome: str, seconds: float) -> None:
        """Note one request to a portal."""

    def retry(self, code: str) -> None:
        """Note that a request is sent again because of an error."""

    def limiter_wait(self, seconds: float) -> None:
        """Note how long a request waited for the limits of its portal."""

    def tool_call(self, tool: str, outcome: str, code: str, seconds: float) -> None:
        """Note a call of a tool. `outcome` is `ok`, `asked` for a question to the user, or the kind of the error."""

    def people_open(self, number: int) -> None:
        """Note for how many people a portal is open."""


class _Nobody:
    def portal_request(self, version: str, outcome: str, seconds: float) -> None:
        pass

    def retry(self, code: str) -> None:
        pass

    def limiter_wait(self, seconds: float) -> None:
        pass

    def tool_call(self, tool: str, outcome: str, code: str, seconds: float) -> None:
        pass

    def people_open(self, number: int) -> None:
        pass


NOBODY: Observer = _Nobody()
_observers: list[Observer] = [NOBODY]


def observer() -> Observer:
    """Return the observer of this process."""
    return _observers[-1]


def observe(new: Observer) -> None:
    """Report to this observer from now on."""
    _observers[:] = [new]
