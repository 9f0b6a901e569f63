"""The guard of the portal of a person: work that goes on after a call has the rights of the person now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from b24_mcp.access import LEVELS, Level, calling, current_caller
from b24_mcp.access.person import LoggedInPerson
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest import Answer, Clock, Guard, MethodCall, RequestHook, SystemClock

PersonNow = Callable[[], Awaitable[LoggedInPerson | None]]
"""Returns the person with the rights that they have now; None for one that has no access any more."""
HasGrant = Callable[[str], Awaitable[bool]]
"""Returns whether the access that a person gave a client has not ended, by its id."""
_SECONDS = 60.0


class PersonGuard:
    """A guard that also asks who the person is now, at most once a minute, and whether the client still has access.

    The caller of a call has the rights from when the call arrived. A job can go on for hours after that.
    """

    def __init__(
        self, guard: Guard, person_now: PersonNow, has_grant: HasGrant | None = None, clock: Clock | None = None
    ) -> None:
        self._guard = guard
        self._person_now = person_now
        self._has_grant = has_grant
        self._clock = clock or SystemClock()
        self._level: Level | None = None
        self._read_at = float("-inf")

    def review(self, calls: Sequence[MethodCall], permit: object | None) -> None:
        """Have the guard judge the commands of a batch; see `Guard`."""
        self._guard.review(calls, permit)

    def admit(self, calls: Sequence[MethodCall], permit: object | None) -> RequestHook:
        """Have the guard judge a request; see `Guard`."""
        return _RightsHook(self._guard.admit(calls, permit), self, calls, permit)

    async def check(self, calls: Sequence[MethodCall], permit: object | None) -> None:
        """Judge a request again if the person has fewer rights than when the call arrived.

        Raises:
            B24Error: `B24MCP_LOGIN_ENDED`, or of the guard; nothing was sent.
        """
        level, given = await self._level_now(), current_caller().level or "full"
        if level is None:
            raise our_error("B24MCP_LOGIN_ENDED", "This person has no access to this server any more.")
        if not await self._is_granted(current_caller().grant):
            raise our_error("B24MCP_LOGIN_ENDED", "The person ended the access of this client.")
        if LEVELS.index(level) < LEVELS.index(given):
            with calling(replace(current_caller(), level=level)):
                self._guard.admit(calls, permit)

    async def _is_granted(self, grant: str) -> bool:
        try:
            return not grant or self._has_grant is None or await self._has_grant(grant)
        except OSError:
            return True

    async def _level_now(self) -> Level | None:
        now = self._clock.now()
        if not 0 <= now - self._read_at < _SECONDS:
            try:
                person = await self._person_now()
            except OSError:  # work goes on without the state for a moment; new calls are refused meanwhile
                return self._level or current_caller().level or "full"
            self._level = None if person is None else person.level
            self._read_at = now if person is not None else float("-inf")
        return self._level


@dataclass(frozen=True, slots=True)
class _RightsHook:
    """The hook of a request that is judged once more before it is sent."""

    hook: RequestHook
    guard: PersonGuard
    calls: Sequence[MethodCall]
    permit: object | None

    async def before_send(self) -> None:
        await self.guard.check(self.calls, self.permit)
        await self.hook.before_send()

    async def after_answer(self, outcome: Answer | B24Error | None) -> None:
        await self.hook.after_answer(outcome)
