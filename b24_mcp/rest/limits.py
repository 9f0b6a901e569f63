"""Keeping a portal's limits instead of hitting them.

Two budgets: requests (a leaky bucket for each portal and calling address) and working time of each method. Calls wait
before they would be refused. What the portal says of itself, in answers and refusals, corrects what is known.
Source: documentation, limits and settings/performance/limits; measured behaviour for the charging of batches.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import anyio

from b24_mcp.rest.answer import CallTime
from b24_mcp.rest.credential import Credential
from b24_mcp.rest.effort import Effort
from b24_mcp.rest.errors import B24Error, Fault, our_error
from b24_mcp.state import Bucket, Charge, LimitState

_LOG = logging.getLogger(__name__)

Plan = Literal["basic", "enterprise", "none"]

# The portal allows 50 and 250. Calls spaced here arrive closer together there when a process or the network stands
# still for a while, so the places that drain in five seconds or so stay unused.
_BUCKETS: dict[Plan, Bucket | None] = {"basic": Bucket(38, 2), "enterprise": Bucket(225, 5), "none": None}
_KEPT_FOR_PEOPLE = 5
_WORKING_SECONDS = 480.0
_RESERVE_SECONDS = 5.0
_KEPT_SECONDS_FOR_PEOPLE = 40.0
_UNKNOWN_RESET = 10.0


@dataclass(slots=True)
class Limits:
    """The limits of one portal for one credential, known to every process that shares `state`."""

    credential: Credential
    plan: Plan
    state: LimitState
    _state_is_lost: bool = False

    async def turn(self, methods: Iterable[str], effort: Effort) -> None:
        """Wait until a request that runs these methods may be sent.

        Raises:
            B24Error: `B24MCP_BUSY` or `B24MCP_OPERATING` when that would be after the deadline; says when to come back.
        """
        try:
            await self._working_time(methods, effort)
            bucket = _BUCKETS[self.plan]
            if bucket is not None:
                await self._place(bucket, effort)
        except OSError as exc:
            self._tell_once(exc)

    async def free(self, now: float) -> int | None:
        """How many requests could go at this moment; None where the portal has no such limit, or nobody knows."""
        bucket = _BUCKETS[self.plan]
        if bucket is None:
            return None
        try:
            return max(0, int(bucket.capacity - await self.state.level(self._bucket_key, bucket, now)))
        except OSError as exc:
            self._tell_once(exc)
            return None

    async def learn(self, method: str, time: CallTime | None, now: float) -> None:
        """Note the working time an answer tells, of a call or of one command of a batch."""
        if time is None or time.operating is None:
            return
        reset_at = time.operating_reset_at
        await self._note(method, time.operating, reset_at.timestamp() if reset_at else now + _UNKNOWN_RESET)

    async def learn_refusal(self, method: str, fault: Fault, now: float) -> None:
        """Note that the portal refused a call because of a limit: every process is to wait, not only this call."""
        bucket = _BUCKETS[self.plan]
        try:
            if fault.kind == "rate_limit" and bucket is not None:
                await self.state.fill(self._bucket_key, bucket, now)
            elif fault.kind == "operating_limit":
                known = (await self.state.charges([self._charge_key(method)])).get(self._charge_key(method))
                # What we know of explains the refusal only if it is much; else others used the method up, and the
                # moment at which it opens again is not known.
                explains = known is not None and known.seconds > _WORKING_SECONDS / 2 and known.reset_at > now
                reset_at = known.reset_at if known is not None and explains else now + _UNKNOWN_RESET
                await self._note(method, _WORKING_SECONDS, reset_at)
        except OSError as exc:
            self._tell_once(exc)

    async def _place(self, bucket: Bucket, effort: Effort) -> None:
        keep_free = _KEPT_FOR_PEOPLE if effort.bulk else 0
        while True:
            now = effort.clock.now()
            turn = await self.state.take(self._bucket_key, bucket, now, keep_free=keep_free, longest_wait=effort.left)
            if not turn.granted and turn.wait > effort.left:
                raise _too_late("B24MCP_BUSY", "The portal's limit of requests is used up", now + turn.wait)
            try:
                await effort.wait(turn.wait, "the portal's limit of requests")
            except BaseException:
                if turn.granted:
                    with anyio.CancelScope(shield=True):
                        await self.state.give_back(self._bucket_key)
                raise
            if turn.granted:
                return

    async def _working_time(self, methods: Iterable[str], effort: Effort) -> None:
        keys = {self._charge_key(method): method for method in methods}
        now = effort.clock.now()
        usable = _WORKING_SECONDS - _RESERVE_SECONDS - (_KEPT_SECONDS_FOR_PEOPLE if effort.bulk else 0.0)
        exhausted = [
            (charge.reset_at, keys[key])
            for key, charge in (await self.state.charges(keys)).items()
            if charge.seconds >= usable and charge.reset_at > now
        ]
        if not exhausted:
            return
        reset_at, method = max(exhausted)
        if reset_at - now > effort.left:
            raise _too_late("B24MCP_OPERATING", f"The working time of {method} on this portal is used up", reset_at)
        await effort.wait(reset_at - now, f"the portal's limit of working time for {method}")

    async def _note(self, method: str, seconds: float, reset_at: float) -> None:
        try:
            await self.state.charge(self._charge_key(method), Charge(seconds, reset_at))
        except OSError as exc:
            self._tell_once(exc)

    @property
    def _bucket_key(self) -> str:
        return f"portal:{self.credential.host.lower()}"

    def _charge_key(self, method: str) -> str:
        """Working time belongs to portal, credential and method; the credential is kept only as a digest."""
        owner = hashlib.sha256(f"{self.credential.host}/{self.credential.owner}".encode()).hexdigest()
        return f"method:{owner[:16]}:{method.lower()}"

    def _tell_once(self, exc: OSError) -> None:
        """Without the shared state calls still go out: a refused call is better than none."""
        if not self._state_is_lost:
            self._state_is_lost = True
            _LOG.warning("Limits are not shared with other processes: %s", exc)


def _too_late(code: str, what: str, at: float) -> B24Error:
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
    return our_error(code, f"{what} until {moment}, later than this call may wait.")
