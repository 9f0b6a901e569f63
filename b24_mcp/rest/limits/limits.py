"""The rate limits of a portal. A call waits for them instead of being refused.

There are two: the number of requests (a leaky bucket for each portal and calling address) and the working time of each
method. A call takes its place in the bucket when a connection is free, so that calls that waited for connections are
not sent all at once. What the portal reports, in answers and refusals, corrects what is known here.
Source: documentation, limits and settings/performance/limits; measured behaviour for the charging of batches.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import anyio

from b24_mcp.errors import B24Error, Fault, our_error
from b24_mcp.rest.auth.credential import Credential
from b24_mcp.rest.limits.deadline import Clock, Deadline
from b24_mcp.rest.limits.queue import CallQueue
from b24_mcp.rest.observer import observer
from b24_mcp.rest.wire.answer import CallTime
from b24_mcp.state import LONGEST_CHARGE, Bucket, Charge, FallbackLimits, FileState, LimitState, Turn

Plan = Literal["basic", "enterprise", "none"]

CONNECTIONS = 20
"""The largest number of requests to one portal at the same time."""

# The portal allows 50 and 250. Calls spaced here arrive closer together if a process or the network stands still for a
# while, so the places that drain in about five seconds stay unused.
_BUCKETS: dict[Plan, Bucket | None] = {"basic": Bucket(38, 2), "enterprise": Bucket(225, 5), "none": None}
_KEPT_FOR_PEOPLE = 5
# However many calls people make, bulk calls get one request in five.
_BULK_SHARE = 0.2
_CONNECTIONS_FOR_BULK = CONNECTIONS // 2
# No place is reserved further ahead, in seconds: the places of a process that is killed are free after this time.
_LONGEST_RESERVATION = 3.0
_SHORTEST_PAUSE = 0.05
_WORKING_SECONDS = 480.0
# Below this a method is far from its limit: the portal reports the whole sum with each answer, so nothing is lost.
_SECONDS_TO_RECORD = 60.0
# Another process may have used up a method a moment ago. Then the portal refuses one call, which is repeated later.
_CHARGES_KNOWN_FOR = 1.0
_RESERVE_SECONDS = 5.0
_KEPT_SECONDS_FOR_PEOPLE = 40.0
_UNKNOWN_RESET = 10.0
_BUSY = "The portal's limit of requests is used up"
_WAITING = "the portal's limit of requests"


@dataclass(slots=True)
class _Wait:
    """The wait of one call for its place: its start, and the seconds that it was expected to take."""

    deadline: Deadline
    since: float
    expected: float = 0.0

    def so_far(self) -> float:
        return self.deadline.clock.now() - self.since

    async def report(self) -> None:
        await self.deadline.report(self.so_far(), self.expected, _WAITING)


class Limits:
    """The limits of one portal for one credential, shared by all processes that use the same `state`.

    While the state cannot be used, the limits are kept in this process alone, and `warning` says so.
    """

    def __init__(self, credential: Credential, plan: Plan, state: LimitState, clock: Clock) -> None:
        self._fallback = None if isinstance(state, FileState) and state.is_private else FallbackLimits(state, clock.now)
        self.state: LimitState = self._fallback or state
        # The credential is kept only as a digest.
        owner = hashlib.sha256(f"{credential.host}/{credential.owner}".encode()).hexdigest()
        self._charge_prefix = f"method:{owner[:16]}:"
        self._bucket_key = f"portal:{credential.host.lower()}"
        self._unused_until: dict[str, float] = {}
        self._bucket = _BUCKETS[plan]
        connections = anyio.Semaphore(CONNECTIONS)
        self._calls = CallQueue(connections)
        self._bulk_calls = CallQueue(anyio.Semaphore(_CONNECTIONS_FOR_BULK), connections)

    @property
    def warning(self) -> str | None:
        """A warning for answers while the limits are not shared."""
        if self._fallback is None or self._fallback.lost is None:
            return None
        return f"limits are kept by this process alone for now, not shared with other processes: {self._fallback.lost}"

    @asynccontextmanager
    async def turn(self, methods: Iterable[str], deadline: Deadline) -> AsyncGenerator[None]:
        """Wait until a request that runs these methods may be sent; it is sent inside the block.

        The request holds a connection until the block is left.

        Raises:
            B24Error: `B24MCP_BUSY` or `B24MCP_OPERATING`: that would be after the deadline. The message says when to
                try again.
        """
        began = deadline.clock.now()
        keys = {self._charge_prefix + method.lower(): method for method in methods}
        charges = await self._known_charges(keys, deadline.clock.now())
        if charges:
            await self._wait_for_working_time(charges, keys, deadline)
        bucket, queue = self._bucket, self._bulk_calls if deadline.bulk else self._calls
        wait = _Wait(deadline, deadline.clock.now())
        if bucket is not None and (deadline.bulk or queue.is_busy):
            wait.expected = await self._expected_wait(bucket, queue, deadline)
        held: list[anyio.Semaphore] = []
        try:
            async with queue.front(wait.report):
                for connection in queue.connections:
                    try:
                        connection.acquire_nowait()
                    except anyio.WouldBlock:
                        await connection.acquire()
                    held.append(connection)
                place = None if bucket is None else await self._reserve(bucket, wait)
            if place is not None and place.wait > 0:
                await self._wait_for_place(place, wait)
            observer().limiter_wait(max(0.0, deadline.clock.now() - began))
            yield
        finally:
            for connection in held:
                connection.release()

    async def close_own(self) -> None:
        """Close what belongs to this object alone, not the state that others use."""
        if self._fallback is not None:
            await self._fallback.close_own()

    async def free(self) -> int | None:
        """Return how many requests could be sent now; None if the portal has no such limit."""
        bucket = self._bucket
        if bucket is None:
            return None
        return max(0, int(bucket.capacity - await self.state.level(self._bucket_key, bucket)))

    async def learn(self, method: str, time: CallTime | None, now: float) -> None:
        """Record the working time of a method, as the answer to a call or to a command of a batch reports it."""
        if time is None or time.operating is None or time.operating < _SECONDS_TO_RECORD:
            return
        resets_in = _UNKNOWN_RESET
        if time.operating_reset_at is not None:
            # Both moments are by the portal's clock, so the difference does not depend on the clock of this computer.
            reported_at = time.finished_at.timestamp() if time.finished_at else now
            resets_in = time.operating_reset_at.timestamp() - reported_at
        if resets_in > 0:
            charge = Charge(time.operating, min(resets_in, LONGEST_CHARGE))
            await self._charge(self._charge_prefix + method.lower(), charge)

    async def learn_refusal(self, method: str, fault: Fault, now: float) -> None:
        """Record that the portal refused a call because of a limit, so that all processes wait."""
        if fault.kind == "rate_limit" and self._bucket is not None:
            await self.state.fill(self._bucket_key, self._bucket)
        elif fault.kind == "operating_limit":
            key = self._charge_prefix + method.lower()
            known = (await self.state.charges([key])).get(key)
            # A small known charge does not explain the refusal: others used the method, and its reset is unknown.
            explains = known is not None and known.seconds > _WORKING_SECONDS / 2
            resets_in = known.resets_in if known is not None and explains else _UNKNOWN_RESET
            await self._charge(key, Charge(_WORKING_SECONDS, resets_in))

    async def _charge(self, key: str, charge: Charge) -> None:
        self._unused_until.pop(key, None)
        await self.state.charge(key, charge)

    async def _known_charges(self, keys: Iterable[str], now: float) -> Mapping[str, Charge]:
        """Return the working time of methods. That a method has none is asked again only after a second."""
        asked = [key for key in keys if not now < self._unused_until.get(key, 0.0) <= now + _CHARGES_KNOWN_FOR]
        if not asked:
            return {}
        charges = await self.state.charges(asked)
        self._unused_until.update({key: now + _CHARGES_KNOWN_FOR for key in asked if key not in charges})
        return charges

    async def _expected_wait(self, bucket: Bucket, queue: CallQueue, deadline: Deadline) -> float:
        """Return the seconds after which a place can be expected.

        Raises:
            B24Error: `B24MCP_BUSY`: that is after the deadline.
        """
        level = await self.state.level(self._bucket_key, bucket) + len(queue)
        wait = max(0.0, (level + 1 - bucket.capacity) / bucket.rate)
        if wait > deadline.left:
            raise _too_late("B24MCP_BUSY", _BUSY, deadline.clock.now() + wait)
        return wait

    async def _reserve(self, bucket: Bucket, wait: _Wait) -> Turn:
        """Reserve a place that is due soon; wait until there is one.

        Raises:
            B24Error: `B24MCP_BUSY`: the place would be due after the deadline.
        """
        deadline = wait.deadline
        while True:
            left = deadline.left
            if deadline.bulk:
                turn = await self._take_for_bulk(bucket, left)
            else:
                longest = min(_LONGEST_RESERVATION, left)
                turn = await self.state.take(self._bucket_key, bucket, keep_free=0, longest_wait=longest)
            if turn.granted:
                return turn
            if turn.wait > deadline.left:
                raise _too_late("B24MCP_BUSY", _BUSY, deadline.clock.now() + turn.wait)
            pause = turn.wait if deadline.bulk else turn.wait - _LONGEST_RESERVATION
            pause = max(pause, _SHORTEST_PAUSE)
            await deadline.wait(pause, _WAITING, before=wait.so_far(), after=max(0.0, turn.wait - pause))

    async def _take_for_bulk(self, bucket: Bucket, left: float) -> Turn:
        """Reserve a place that people leave free, or one from the share of bulk calls.

        Other calls take every place as soon as it can be reserved, so a place of the share is reserved one place
        further ahead.
        """
        turn = await self.state.take(self._bucket_key, bucket, keep_free=_KEPT_FOR_PEOPLE, longest_wait=left)
        if turn.granted:
            return turn
        share, key = Bucket(1, bucket.rate * _BULK_SHARE), f"bulk:{self._bucket_key}"
        own = await self.state.take(key, share, keep_free=0, longest_wait=0)
        if not own.granted:
            return Turn(False, min(turn.wait, own.wait))
        ahead = _LONGEST_RESERVATION + 1 / bucket.rate
        turn = await self.state.take(self._bucket_key, bucket, keep_free=0, longest_wait=min(ahead, left))
        if not turn.granted:
            await self.state.give_back(key)
            return Turn(False, max(turn.wait - ahead, _SHORTEST_PAUSE))
        return turn

    async def _wait_for_place(self, place: Turn, wait: _Wait) -> None:
        try:
            await wait.deadline.wait(place.wait, _WAITING, before=wait.so_far())
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self.state.give_back(self._bucket_key)
            raise

    async def _wait_for_working_time(
        self, charges: Mapping[str, Charge], methods: Mapping[str, str], deadline: Deadline
    ) -> None:
        """Wait until no method has used up its working time. `methods` are the names of methods by the keys of charges.

        Raises:
            B24Error: `B24MCP_OPERATING`: that would be after the deadline.
        """
        usable = _WORKING_SECONDS - _RESERVE_SECONDS - (_KEPT_SECONDS_FOR_PEOPLE if deadline.bulk else 0.0)
        wait, method = 0.0, ""
        for key, charge in charges.items():
            if charge.seconds >= usable:
                wait, method = max((wait, method), (charge.resets_in, methods[key]))
        if wait == 0.0:
            return
        if wait > deadline.left:
            until = deadline.clock.now() + wait
            raise _too_late("B24MCP_OPERATING", f"The working time of {method} on this portal is used up", until)
        await deadline.wait(wait, f"the portal's limit of working time for {method}")


def _too_late(code: str, what: str, at: float) -> B24Error:
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
    return our_error(code, f"{what} until {moment}, later than this call may wait.")
