"""The portals that are open for people who log in to this server: each with the login of its person and no other."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread

from b24_mcp.access import Level
from b24_mcp.access.person import LoggedInPerson
from b24_mcp.app.open_portal import OpenPortal
from b24_mcp.rest import Clock, SystemClock
from b24_mcp.rest.observer import observer
from b24_mcp.secrets import Redactor
from b24_mcp.state import SharedState

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from b24_mcp.app.people_logins import PeopleLogins
    from b24_mcp.discovery import DiscoveredMethods
    from b24_mcp.rest import SharedPortal

_MOST_OPEN = 256
_IDLE_SECONDS = 900.0


@dataclass(slots=True)
class _Used:
    portal: OpenPortal
    at: float


class PeoplePortals:
    """The open portals of people. Those that were not used for some minutes are closed, and the least recently used
    ones when there are too many.

    A closed portal is opened again at the next call. Work that still uses it is not disturbed: the connections belong
    to the portal, not to the person. `most_open` limits the memory that people take.
    """

    def __init__(
        self,
        logins: PeopleLogins,
        redactor: Redactor,
        clock: Clock | None,
        level: Level,
        most_open: int | None = None,
    ) -> None:
        self.logins = logins
        self._redactor = redactor
        self._given_clock = clock
        self._clock = clock or SystemClock()
        self._level = level
        self._most_open = _MOST_OPEN if most_open is None else most_open
        self._open: OrderedDict[tuple[str, str], _Used] = OrderedDict()
        self._shared: dict[str, tuple[SharedPortal, DiscoveredMethods]] = {}
        self.on_forgotten: Callable[[str], None] | None = None
        """Called with the key of a person whose login has ended."""
        logins.on_forgotten = self.forget

    def __len__(self) -> int:
        return len(self._open)

    def opened(self, person: LoggedInPerson) -> OpenPortal | None:
        """Return the portal of a person if it is open."""
        used = self._open.get((person.key, person.portal))
        if used is None:
            return None
        used.at = self._clock.now()
        self._open.move_to_end((person.key, person.portal))
        return used.portal

    async def open(self, person: LoggedInPerson, state: SharedState, background: TaskGroup | None) -> OpenPortal:
        """Open the portal of a person, unless it is open.

        Raises:
            B24Error: when the settings cannot be used, or the person may not use this portal any more.
        """
        if (opened := self.opened(person)) is not None:
            return opened
        # In a thread, because the first one reads files.
        opened = await anyio.to_thread.run_sync(self._build, person, state, background)
        self._open[person.key, person.portal] = _Used(opened, self._clock.now())
        self._close_unused()
        return opened

    def _build(self, person: LoggedInPerson, state: SharedState, background: TaskGroup | None) -> OpenPortal:
        from b24_mcp.app.portal_factory import PersonalLogin, PortalFactory, document_cache
        from b24_mcp.discovery import DiscoveredMethods
        from b24_mcp.rest import SharedPortal

        logins, name = self.logins, person.portal
        factory = PortalFactory(logins.configuration, state, self._redactor, self._given_clock, self._level, background)
        credential = logins.credential(person)
        if name not in self._shared:
            shared = SharedPortal(credential, factory.options(name), state, self._given_clock, logins.app)
            self._shared[name] = shared, DiscoveredMethods(document_cache(credential), self._given_clock)
        person_now = partial(logins.current, person.key)
        login = PersonalLogin(
            person.key, credential, partial(self._changed, name), person_now, logins.has_grant, logins.app
        )
        return factory.personal(name, *self._shared[name], login)

    def forget(self, key: str) -> None:
        """Close what is open for a person whose login has ended."""
        for one in [one for one in self._open if one[0] == key]:
            del self._open[one]
        observer().people_open(len(self._open))
        if self.on_forgotten is not None:
            self.on_forgotten(key)

    async def aclose(self) -> None:
        """Close the connections and the logins."""
        self._open.clear()
        shared, self._shared = self._shared, {}
        for portal, _ in shared.values():
            await portal.aclose()
        await self.logins.aclose()

    async def _changed(self, name: str, changed: Collection[str]) -> None:
        """Forget what a write of one person changed, for all people of the portal."""
        for portal in [used.portal for used in self._open.values() if used.portal.name == name]:
            portal.record_names.forget(changed)
            await portal.facts.forget(changed)

    def _close_unused(self) -> None:
        oldest = self._clock.now() - _IDLE_SECONDS
        while len(self._open) > self._most_open or (self._open and next(iter(self._open.values())).at < oldest):
            self._open.popitem(last=False)
        observer().people_open(len(self._open))
