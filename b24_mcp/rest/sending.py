"""Sending requests to one portal: judged, within its limits, again where that is safe, to where the portal is now."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from b24_mcp.catalog import Version
from b24_mcp.rest.answer import Answer, CallTime, Reply, read_answer
from b24_mcp.rest.credential import Credential, Way
from b24_mcp.rest.effort import Clock, Effort, OnWait
from b24_mcp.rest.errors import B24Error, Fault, our_error
from b24_mcp.rest.guarding import Guard, Passage, acts_on_the_wire
from b24_mcp.rest.limits import Limits, Plan
from b24_mcp.rest.paging_v3 import next_page
from b24_mcp.rest.params import Params
from b24_mcp.rest.request import Format, Request, call_request
from b24_mcp.rest.retries import is_refused_by_limit, pause_before_retry

if TYPE_CHECKING:
    from b24_mcp.rest.transport import Transport

_LOG = logging.getLogger(__name__)
_MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class PortalOptions:
    """How a portal is treated.

    `seconds` bounds the wait for one answer: the portal itself ends a request after 60 s, so less would give up too
    early. `deadline` bounds a whole call in seconds: after it nothing is waited for or sent again. `plan` says which
    limits to keep. `largest_answer` is in bytes. `ca_bundle` names a file of further authorities to trust.
    """

    seconds: float = 65.0
    deadline: float = 100.0
    plan: Plan = "basic"
    largest_answer: int = 64 * _MEGABYTE
    ca_bundle: Path | None = None


class Sender:
    """The way to one portal, shared by everything that is sent there. For its arguments see `Portal`."""

    def __init__(
        self, credential: Credential, options: PortalOptions, guard: Guard, limits: Limits, clock: Clock, app: Any
    ) -> None:
        self.credential = credential
        self.options = options
        self.guard = guard
        self.limits = limits
        self.clock = clock
        self._app = app
        self._transport: Transport | None = None
        self._moved_to: str | None = None
        self._honours_keys = False

    def effort(self, bulk: bool, on_wait: OnWait | None) -> Effort:
        """The patience for a call that begins now."""
        return Effort(self.clock, self.clock.now() + self.options.deadline, bulk, on_wait)

    async def call(
        self, method: str, params: Params, version: Version, format: Format, effort: Effort, permit: object | None
    ) -> Answer:
        """Send a request that calls one method.

        Raises:
            B24Error: as `send`.
        """
        answer = await self.send(call_request(method, params, version, format), effort, permit)
        if version == "v3" and isinstance(params, dict):
            return replace(answer, next=next_page(method, params, answer.result))
        return answer

    async def aclose(self) -> None:
        """Close the connections and the state; it can still be used and opens them anew."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()
        await self.credential.aclose()
        await self.limits.state.aclose()

    async def send(self, request: Request, effort: Effort, permit: object | None = None) -> Answer:
        """Send what was checked before. Every request to the portal passes here, and none without the guard.

        Raises:
            B24Error: what the guard says, or whatever went wrong on the way or on the portal.
        """
        # Written down and judged in one step: what goes out are these bytes, however long they wait.
        content = request.content
        passage = self.guard.admit(acts_on_the_wire(request), permit)
        outcome: Answer | B24Error | None = None
        try:
            outcome = await self._send_until_answered(request, content, effort, passage)
        except B24Error as exc:
            outcome = exc
            raise
        finally:
            await passage.ended(outcome)
        return outcome

    async def _send_until_answered(self, request: Request, content: bytes, effort: Effort, passage: Passage) -> Answer:
        """Send a request, and again where that is safe."""
        tries = 0
        while True:
            try:
                async with self.limits.turn(request.charged, effort):
                    await passage.going()
                    tries += 1
                    effort.attempts += 1
                    answer = await self._attempt(request, content)
            except B24Error as exc:  # a limit or the guard: nothing of this try was sent
                raise exc.of(request.method) from None
            if isinstance(answer, B24Error):
                error = answer.of(request.method)
            else:
                await self.limits.learn(request.method, answer.time, self.clock.now())
                if (warning := self.limits.warning) is not None:
                    answer = replace(answer, warnings=(*answer.warnings, warning))
                return answer if self._moved_to is None else _tell_of_move(answer, self._moved_to, self.credential)
            if is_refused_by_limit(error.fault):
                await self.limits.learn_refusal(request.method, error.fault, self.clock.now())
            repeatable = effort.repeats and (request.reads or (request.key is not None and self._honours_keys))
            pause = pause_before_retry(error.fault, tries, repeatable=repeatable)
            if pause is None or pause > effort.left:
                raise error
            _LOG.info("%s: %s, sent again in %.1f s", request.method, error.fault.code or "no code", pause)
            await effort.wait(pause, "trying again after a failure")

    async def _attempt(self, request: Request, content: bytes) -> Answer | B24Error:
        try:
            return await self._deliver(request, content)
        except B24Error as exc:
            return exc

    async def _deliver(self, request: Request, content: bytes) -> Answer:
        """Send one request; once more when the portal took it for too old a token and there is a new one."""
        started = time.perf_counter()
        outcome = "failed"
        try:
            way = await self.credential.way()
            try:
                reply = await self._reach(way, request, content)
                outcome = f"HTTP {reply.status}"
                return self._read(reply, request)
            except B24Error as exc:
                error = exc
            if not await self.credential.renew(way, error.fault):
                raise error
            reply = await self._reach(await self.credential.way(), request, content)
            outcome = f"HTTP {reply.status} with a new token"
            return self._read(reply, request)
        finally:
            _LOG.debug("%s: %s in %.0f ms", request.method, outcome, (time.perf_counter() - started) * 1000)

    async def _reach(self, way: Way, request: Request, content: bytes) -> Reply:
        """Send one request; to the portal's new address too, when it says that it has moved there."""
        reply = await self._post(way, request, content)
        if 300 <= reply.status < 400:
            reply = await self._post(await self._follow_move(way, reply), request, content)
            if 300 <= reply.status < 400:
                raise our_error("B24MCP_PORTAL_CLOSED", "The portal sends callers on and on.", status=reply.status)
        return reply

    def _read(self, reply: Reply, request: Request) -> Answer:
        # A portal that does not know these keys ignores them; only one that gives a key back keeps answers for it.
        self._honours_keys = self._honours_keys or (request.key is not None and reply.key == request.key)
        return read_answer(reply, request)

    async def _post(self, way: Way, request: Request, content: bytes) -> Reply:
        if request.version == "v3":
            address = way.v3_address_of(request.method)
        else:
            address = way.address_of(request.method, ".xml" if request.format == "xml" else "")
        return await self._connected().post(address, content, request.format, request.key, way.headers)

    def _connected(self) -> Transport:
        if self._transport is None:
            # Imported at the first call: a server that only lists its tools needs no HTTP library.
            from b24_mcp.rest.transport import Transport

            self._transport = Transport(
                seconds=self.options.seconds,
                largest_answer=self.options.largest_answer,
                ca_bundle=self.options.ca_bundle,
                https=self.credential.is_https,
                local=self.credential.is_loopback,
                app=self._app,
            )
        return self._transport

    async def _follow_move(self, way: Way, reply: Reply) -> Way:
        """A portal redirects no call that it executes: it has moved, or a page about its licence answers for it.

        `way` is the one the call took: another call may have found the new address meanwhile.

        Raises:
            B24Error: when it is not certain that the new address is the same portal. Nothing was executed.
        """
        target = _absolute(way.origin, reply.location)
        if target is None or way.is_at(target):
            raise our_error(
                "B24MCP_PORTAL_CLOSED", "The portal answers with a page of its own instead.", status=reply.status
            )
        moved = await self.credential.follow(way, target)
        if moved is None:
            host = urlsplit(target).netloc.rpartition("@")[2]
            raise our_error(
                "B24MCP_PORTAL_MOVED",
                f"The portal says that it is at {host} now, which is not surely the same portal.",
                status=reply.status,
            )
        if self._moved_to != moved.host:
            _LOG.warning("The portal %s is at %s now", urlsplit(way.origin).netloc, moved.host)
        self.credential, self._moved_to = moved, moved.host
        return await moved.way()


@dataclass(frozen=True, slots=True)
class BatchDoor:
    """What the run of a batch may do with the portal; see `b24_mcp.rest.batch.Door`."""

    sender: Sender
    effort: Effort
    permit: object | None

    async def send(self, request: Request) -> Answer:
        """See `Door`."""
        return await self.sender.send(request, self.effort, self.permit)

    async def call(self, method: str, params: Params, version: Version, format: Format) -> Answer:
        """See `Door`."""
        return await self.sender.call(method, params, version, format, self.effort, self.permit)

    async def learn(self, method: str, time: CallTime | None) -> None:
        """See `Door`."""
        await self.sender.limits.learn(method, time, self.sender.clock.now())

    async def learn_refusal(self, method: str, fault: Fault) -> None:
        """See `Door`."""
        await self.sender.limits.learn_refusal(method, fault, self.sender.clock.now())

    def is_patient(self) -> bool:
        """See `Door`."""
        return self.effort.left > 0


def _absolute(origin: str, location: str) -> str | None:
    try:
        target = urljoin(origin + "/", location)
        return target if location and urlsplit(target).netloc else None
    except ValueError:
        return None


def _tell_of_move(answer: Answer, host: str, credential: Credential) -> Answer:
    said = f"this portal has moved to {host}: change {credential.setting}"
    return replace(answer, warnings=(*answer.warnings, said))
