"""Changes of records and their listeners: the link between methods that write and events that are sent.

A method announces a change under the name of the documented event (documentation: api-reference/crm/*/events and
siblings), upper-case, with the `data` an event handler would receive:

    portal.changes.announce("ONCRMDEALADD", {"FIELDS": {"ID": 57}}, user=1)

Listeners run in the thread of the call, after the record is stored, in the order of subscription.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from b24_sandbox.php import Map


@dataclass(frozen=True, slots=True)
class RecordChange:
    """One change. `event` is upper-case, `data` is the payload of the event, `user` caused it."""

    event: str
    data: Map
    user: int


Listener = Callable[[RecordChange], None]


class Changes:
    """The listeners of changes."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` for every change from now on."""
        self._listeners.append(listener)

    def announce(self, event: str, data: Map, user: int) -> None:
        """Call every listener. `event` may be spelled in any case."""
        change = RecordChange(event.upper(), data, user)
        for listener in self._listeners:
            listener(change)
