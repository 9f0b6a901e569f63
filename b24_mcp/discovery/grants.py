"""Whether a portal has a method and grants it to this credential, by its own answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from b24_mcp.discovery.asking import FRESH
from b24_mcp.rest import Clock, Portal, Succeeded, SystemClock

_MOST_KEPT = 5_000


@dataclass(frozen=True, slots=True)
class MethodGrant:
    """What a portal says of a method: whether it exists there, and whether this credential may call it."""

    exists: bool
    granted: bool


class MethodGrants:
    """The grants of methods of version 2.

    That a method is granted is kept for five minutes. That it is not is asked for again each time, because a person
    who reads it may grant the scope and ask again.
    """

    def __init__(self, portal: Portal, clock: Clock | None = None) -> None:
        self._portal = portal
        self._clock = clock or SystemClock()
        self._granted_at: dict[str, float] = {}

    async def of(self, method: str) -> MethodGrant | None:
        """Return what the portal says of a method; None when it does not answer.

        `method.get` compares names with their letter case, and some classes answer to lower case only.
        Source: measured behaviour of the portal.

        Raises:
            B24Error: when the portal cannot be asked.
        """
        if 0 <= self._clock.now() - self._granted_at.get(method, float("-inf")) < FRESH:
            return MethodGrant(exists=True, granted=True)
        spellings = enumerate(dict.fromkeys((method, method.lower())))
        asked = {f"as{number}": _asked(name) for number, name in spellings}
        outcomes = (await self._portal.batch(asked)).outcomes.values()
        answers = [outcome.answer.result for outcome in outcomes if isinstance(outcome, Succeeded)]
        facts = [answer for answer in answers if isinstance(answer, dict) and "isExisting" in answer]
        if not facts:
            return None
        granted = any(fact["isExisting"] and fact.get("isAvailable") for fact in facts)
        if granted:
            if len(self._granted_at) >= _MOST_KEPT:
                self._granted_at.clear()
            self._granted_at[method] = self._clock.now()
        return MethodGrant(exists=any(fact["isExisting"] for fact in facts), granted=granted)


def _asked(name: str) -> Mapping[str, object]:
    return {"method": "method.get", "params": {"name": name}}
