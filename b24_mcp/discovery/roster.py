"""The users of a portal that were asked for by their ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from b24_mcp.discovery.asking import FRESH
from b24_mcp.discovery.people import Person, read_people
from b24_mcp.discovery.readings import Readings
from b24_mcp.discovery.sources import EVERYONE, FactSource

_PAGE = 50
_MOST_ASKED = 2_500
_MOST_KEPT = 20_000


class Roster:
    """Looks users up by id: 50 with one command, and all commands in one batch."""

    def __init__(self, readings: Readings) -> None:
        self._readings = readings
        self._known: dict[int, tuple[Person | None, float]] = {}

    def sources(self, ids: Iterable[int]) -> list[FactSource]:
        """Return the requests for those of the users that are not known."""
        return [_some(chunk) for chunk in self._chunks(_wanted(ids))]

    async def people(self, ids: Iterable[int]) -> Mapping[int, Person] | None:
        """Return those of the users that the portal has; None when it did not answer."""
        wanted = _wanted(ids)
        chunks = self._chunks(wanted)
        sources = [_some(chunk) for chunk in chunks]
        if sources:
            await self._readings.get(sources)
        for chunk, source in zip(chunks, sources, strict=True):
            reading = self._readings.known(source)
            if reading is not None:
                self._remember(chunk, reading.value, reading.read_at)
        if any(number not in self._known for number in wanted):
            return None
        found = {number: self._known[number][0] for number in wanted}
        return {number: person for number, person in found.items() if person is not None}

    def _chunks(self, wanted: Sequence[int]) -> list[Sequence[int]]:
        """Return those of the users that are not known, in pages."""
        everyone = self._readings.known(EVERYONE)
        if everyone is not None:
            self._remember([person.id for person in everyone.value], everyone.value, everyone.read_at)
        now = self._readings.now()
        missing = [number for number in wanted if now - self._known.get(number, (None, float("-inf")))[1] >= FRESH]
        return [missing[start : start + _PAGE] for start in range(0, len(missing), _PAGE)]

    def forget(self) -> None:
        """Forget all users."""
        self._known.clear()

    def _remember(self, ids: Sequence[int], people: Sequence[Person], read_at: float) -> None:
        if len(self._known) > _MOST_KEPT:
            self._known.clear()
        by_id = {person.id: person for person in people}
        self._known |= {number: (by_id.get(number), read_at) for number in ids}


def _wanted(ids: Iterable[int]) -> list[int]:
    return sorted({number for number in ids if number > 0})[:_MOST_ASKED]


def _some(ids: Sequence[int]) -> FactSource:
    """Return the request for some users, at most a page of them."""
    key = f"people:{','.join(map(str, ids))}"
    return FactSource(key, "user.get", {"ID": list(ids)}, read_people, list[Person])
