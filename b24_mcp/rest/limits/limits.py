"""Limits of a portal that calls wait for, instead of being refused.

Two budgets: requests (a leaky bucket for each portal and calling address) and working time of each method. A place in
the bucket is taken when a connection is free, so that what waited for connections does not go out all at once. What the
portal says of itself, in answers and refusals, corrects what is known.
Source: documentation, limits and settings/performance/limits; measured behaviour for the charging of batches.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import anyio

from b24_mcp.errors import B24Error, Fault, our_error
from b24_mcp.rest.auth.credential import Credential
from b24_mcp.rest.limits.deadline import Clock, Deadline
from b24_mcp.rest.wire.answer import CallTime
from b24_mcp.state import LONGEST_CHARGE, Bucket, Charge, FallbackLimits, LimitState, Turn

Plan = Literal["basic", "enterprise", "none"]

CONNECTIONS = 20
"""Requests to one portal that may be under way at once."""

# The portal allows 50 and 250. Calls spaced here arrive closer together there when a process or the network stands
# still for a while, so the places that drain in five seconds or so stay unused.
_BUCKETS: dict[Plan, Bucket | None] = {"basic": Bucket(38, 2), "enterprise": Bucket(225, 5), "none": None}
_KEPT_FOR_PEOPLE = 5
# However many calls people make, bulk calls get this part of the requests: one in five.
_BULK_SHARE = 0.2
_CONNECTIONS_FOR_BULK = CONNECTIONS // 2
# No place is reserved further ahead, in seconds: those of a process that is killed are free again after so long.
_LONGEST_RESERVATION = 3.0
_SHORTEST_PAUSE = 0.05
_REPORT_EVERY = 5.0
_WORKING_SECONDS = 480.0
_RESERVE_SECONDS = 5.0
_KEPT_SECONDS_FOR_PEOPLE = 40.0
_UNKNOWN_RESET = 10.0
_BUSY = "The portal's limit of requests is used up"
_WAITING = "the portal's limit of requests"


@dataclass(frozen=True, slots=True)
class _Wait:
    """The wait of one call for its place, as it is reported: since when, and the seconds expected at that moment."""

    since: float
    expected: float

    def so_far(self, deadline: Deadline) -> float:
        return deadline.clock.now() - self.since

    async def report(self, deadline: Deadline) -> None:
        await deadline.report(self.so_far(deadline), self.expected, _WAITING)


class _Line:
    """Calls of one kind that wait in this process, served in the order in which they came.

    Only the first of them asks for a connection and a place, so that within a process nothing overtakes.
    """

    def __init__(self, connections: int) -> None:
        self.connections = anyio.Semaphore(connections)
        self._waiting: deque[anyio.Event] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    @asynccontextmanager
    async def at_the_front(self, wait: _Wait, deadline: Deadline) -> AsyncGenerator[None]:
        """Wait until all who came earlier have been served; the next one follows when the block is left."""
        mine = anyio.Event()
        self._waiting.append(mine)
        try:
            while self._waiting[0] is not mine:
                with anyio.move_on_after(_REPORT_EVERY):
                    await mine.wait()
                    break
                await wait.report(deadline)
            yield
        finally:
            was_first = self._waiting[0] is mine
            self._waiting.remove(mine)
            if was_first and self._waiting:
                self._waiting[0].set()


class Limits:
    """The limits of one portal for one credential, shared by every process that uses `state`.

    While the state cannot be used, the limits are kept inside this process, and `warning` says so.
    """

    def __init__(self, credential: Credential, plan: Plan, state: LimitState, clock: Clock) -> None:
        self.credential = credential
        self.plan = plan
        self.state = FallbackLimits(state, clock.now)
        self._calls = _Line(CONNECTIONS)
        self._bulk_calls = _Line(_CONNECTIONS_FOR_BULK)

    @property
    def warning(self) -> str | None:
        """What an answer has to say about the limits, if anything."""
        if self.state.lost is None:
            return None
        return f"limits are kept by this process alone for now, not shared with other processes: {self.state.lost}"

    @asynccontextmanager
    async def turn(self, methods: Iterable[str], deadline: Deadline) -> AsyncGenerator[None]:
        """Wait until a request that runs these methods may be sent; it is sent inside the block.

        A connection belongs to the request until the block is left.

        Raises:
            B24Error: `B24MCP_BUSY` or `B24MCP_OPERATING` when that would be after the deadline; says when to come back.
        """
        await self._working_time(methods, deadline)
        bucket = _BUCKETS[self.plan]
        line = self._bulk_calls if deadline.bulk else self._calls
        wait = _Wait(deadline.clock.now(), 0.0 if bucket is None else await self._expected(bucket, line, deadline))
        async with _Released(self._calls.connections) as connection, _Released(line.connections) as share:
            async with line.at_the_front(wait, deadline):
                if deadline.bulk:
                    await share.acquire()
                await connection.acquire()
                due = None if bucket is None else await self._reserve(bucket, wait, deadline)
            if due is not None and due.wait > 0:
                await self._wait_for_place(due, wait, deadline)
            yield

    async def free(self) -> int | None:
        """How many requests could go at this moment; None where the portal has no such limit."""
        bucket = _BUCKETS[self.plan]
        return None if bucket is None else max(0, int(bucket.capacity - await self._level(bucket)))

    async def learn(self, method: str, time: CallTime | None, now: float) -> None:
        """Record the working time that an answer reports, of a call or of one command of a batch."""
        if time is None or time.operating is None:
            return
        reset_at = time.operating_reset_at
        # Both moments are the portal's: the difference does not depend on our clock.
        told_at = time.finished_at.timestamp() if time.finished_at else now
        await self._note(method, time.operating, reset_at.timestamp() - told_at if reset_at else _UNKNOWN_RESET)

    async def learn_refusal(self, method: str, fault: Fault, now: float) -> None:
        """Record that the portal refused a call because of a limit: every process is to wait, not only this call."""
        bucket = _BUCKETS[self.plan]
        if fault.kind == "rate_limit" and bucket is not None:
            await self.state.fill(self._bucket_key, bucket)
        elif fault.kind == "operating_limit":
            known = (await self.state.charges([self._charge_key(method)])).get(self._charge_key(method))
            # What we know of explains the refusal only if it is much; else others used the method up, and the
            # moment at which it opens again is not known.
            explains = known is not None and known.seconds > _WORKING_SECONDS / 2
            await self._note(method, _WORKING_SECONDS, known.resets_in if known and explains else _UNKNOWN_RESET)

    async def _level(self, bucket: Bucket) -> float:
        return await self.state.level(self._bucket_key, bucket)

    async def _expected(self, bucket: Bucket, line: _Line, deadline: Deadline) -> float:
        """Seconds after which a place may be expected.

        Raises:
            B24Error: `B24MCP_BUSY` when that is after the deadline.
        """
        level = await self._level(bucket) + len(line)
        wait = max(0.0, (level + 1 - bucket.capacity) / bucket.rate)
        if wait > deadline.left:
            raise _too_late("B24MCP_BUSY", _BUSY, deadline.clock.now() + wait)
        return wait

    async def _reserve(self, bucket: Bucket, wait: _Wait, deadline: Deadline) -> Turn:
        """Reserve a place that is due soon; wait until there is one.

        Raises:
            B24Error: `B24MCP_BUSY` when it would be due after the deadline.
        """
        while True:
            longest = min(_LONGEST_RESERVATION, deadline.left)
            if deadline.bulk:
                turn = await self._take_for_bulk(bucket, longest)
            else:
                turn = await self.state.take(self._bucket_key, bucket, keep_free=0, longest_wait=longest)
            if turn.granted:
                return turn
            if turn.wait > deadline.left:
                raise _too_late("B24MCP_BUSY", _BUSY, deadline.clock.now() + turn.wait)
            pause = turn.wait if deadline.bulk else turn.wait - _LONGEST_RESERVATION
            pause = max(pause, _SHORTEST_PAUSE)
            await deadline.wait(pause, _WAITING, before=wait.so_far(deadline), after=max(0.0, turn.wait - pause))

    async def _take_for_bulk(self, bucket: Bucket, longest: float) -> Turn:
        """Reserve a place that others leave free, or one of the share that bulk calls always have."""
        turn = await self.state.take(self._bucket_key, bucket, keep_free=_KEPT_FOR_PEOPLE, longest_wait=longest)
        if turn.granted:
            return turn
        share, key = Bucket(1, bucket.rate * _BULK_SHARE), f"bulk:{self._bucket_key}"
        own = await self.state.take(key, share, keep_free=0, longest_wait=0)
        if not own.granted:
            return Turn(False, min(turn.wait, own.wait))
        turn = await self.state.take(self._bucket_key, bucket, keep_free=0, longest_wait=longest)
        if not turn.granted:
            await self.state.give_back(key)
            return Turn(False, max(turn.wait - _LONGEST_RESERVATION, _SHORTEST_PAUSE))
        return turn

    async def _wait_for_place(self, turn: Turn, wait: _Wait, deadline: Deadline) -> None:
        try:
            await deadline.wait(turn.wait, _WAITING, before=wait.so_far(deadline))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self.state.give_back(self._bucket_key)
            raise

    async def _working_time(self, methods: Iterable[str], deadline: Deadline) -> None:
        keys = {self._charge_key(method): method for method in methods}
        usable = _WORKING_SECONDS - _RESERVE_SECONDS - (_KEPT_SECONDS_FOR_PEOPLE if deadline.bulk else 0.0)
        exhausted = [
            (charge.resets_in, keys[key])
            for key, charge in (await self.state.charges(keys)).items()
            if charge.seconds >= usable
        ]
        if not exhausted:
            return
        wait, method = max(exhausted)
        if wait > deadline.left:
            at = deadline.clock.now() + wait
            raise _too_late("B24MCP_OPERATING", f"The working time of {method} on this portal is used up", at)
        await deadline.wait(wait, f"the portal's limit of working time for {method}")

    async def _note(self, method: str, seconds: float, resets_in: float) -> None:
        if resets_in > 0:
            await self.state.charge(self._charge_key(method), Charge(seconds, min(resets_in, LONGEST_CHARGE)))

    @property
    def _bucket_key(self) -> str:
        return f"portal:{self.credential.host.lower()}"

    def _charge_key(self, method: str) -> str:
        """Working time belongs to portal, credential and method; the credential is kept only as a digest."""
        owner = hashlib.sha256(f"{self.credential.host}/{self.credential.owner}".encode()).hexdigest()
        return f"method:{owner[:16]}:{method.lower()}"


class _Released:
    """A semaphore that is released when the block is left, if it was acquired inside."""

    def __init__(self, semaphore: anyio.Semaphore) -> None:
        self._semaphore = semaphore
        self._held = False

    async def acquire(self) -> None:
        await self._semaphore.acquire()
        self._held = True

    async def __aenter__(self) -> _Released:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._held:
            self._semaphore.release()


def _too_late(code: str, what: str, at: float) -> B24Error:
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
    return our_error(code, f"{what} until {moment}, later than this call may wait.")
