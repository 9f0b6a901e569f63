"""Sending requests to one portal: checked by the guard, within its limits and the deadline, repeated where safe."""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import anyio

from b24_mcp.catalog import Version
from b24_mcp.errors import B24Error, Fault, our_error
from b24_mcp.rest.auth.credential import Credential, Route
from b24_mcp.rest.delivery import Delivery, moment_text
from b24_mcp.rest.guard import Guard, RequestHook, acts_on_the_wire
from b24_mcp.rest.idempotency import Keys
from b24_mcp.rest.limits.deadline import Clock, Deadline, OnWait
from b24_mcp.rest.limits.limits import Limits, Plan
from b24_mcp.rest.limits.retries import is_refused_by_limit, pause_before_retry
from b24_mcp.rest.wire.answer import Answer, CallTime, Reply, read_answer
from b24_mcp.rest.wire.next_page import next_page
from b24_mcp.rest.wire.params import Params
from b24_mcp.rest.wire.request import Format, Request, call_request
from b24_mcp.state import ExpiringStore

if TYPE_CHECKING:
    from b24_mcp.rest.wire.transport import Transport

_LOG = logging.getLogger(__name__)
_MEGABYTE = 1 << 20
_LEARNING_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class PortalOptions:
    """How a portal is treated.

    `seconds` bounds the wait for each part of one answer: the portal itself ends a request after 60 s. `deadline` is
    the longest a whole call takes, in seconds, waiting and token renewal included. `plan` says which limits to keep.
    `largest_answer` is in bytes. `ca_bundle` names a file of further authorities to trust.
    """

    seconds: float = 65.0
    deadline: float = 55.0
    plan: Plan = "basic"
    largest_answer: int = 64 * _MEGABYTE
    ca_bundle: Path | None = None


class Sender:
    """Sends everything that goes to one portal. For its arguments see `Portal`."""

    def __init__(
        self,
        credential: Credential,
        options: PortalOptions,
        guard: Guard,
        limits: Limits,
        keys: ExpiringStore,
        clock: Clock,
        app: Any,
    ) -> None:
        self.credential = credential
        self.options = options
        self.guard = guard
        self.limits = limits
        self.clock = clock
        self._app = app
        self._transport: Transport | None = None
        self._configured = credential
        self._moved_to: str | None = None
        self._keys = Keys(keys, credential.host, credential.owner)

    def deadline(self, bulk: bool, on_wait: OnWait | None) -> Deadline:
        """What a call that begins now may spend."""
        return Deadline(self.clock, self.clock.now() + self.options.deadline, bulk, on_wait)

    async def call(
        self, method: str, params: Params, version: Version, format: Format, deadline: Deadline, permit: object | None
    ) -> Answer:
        """Send a request that calls one method.

        Raises:
            B24Error: as `send`.
        """
        answer = await self.send(call_request(method, params, version, format), deadline, permit)
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

    async def send(self, request: Request, deadline: Deadline, permit: object | None = None) -> Answer:
        """Send what was checked before. Every request to the portal passes here, and none without the guard.

        Raises:
            B24Error: what the guard says, or whatever went wrong on the way or on the portal.
        """
        # Written and judged in one step: what goes out are these bytes, however long they wait.
        content = request.content
        hook = self.guard.admit(acts_on_the_wire(request), permit)
        delivery = Delivery(request, content)
        outcome: Answer | B24Error | None = None
        try:
            outcome = await self._send_in_time(delivery, deadline, hook)
        except B24Error as exc:
            outcome = exc
            raise
        finally:
            await hook.ended(outcome)
        await self._learn(request.method, outcome)
        if (warning := self.limits.warning) is not None:
            outcome = replace(outcome, warnings=(*outcome.warnings, warning))
        return outcome if self._moved_to is None else _tell_of_move(outcome, self._moved_to, self.credential)

    async def _send_in_time(self, delivery: Delivery, deadline: Deadline, hook: RequestHook) -> Answer:
        """Send a request until it is answered or the deadline is over.

        Raises:
            B24Error: with `executed` as everything that was sent of this call allows to say.
        """
        error: B24Error | None = None
        try:
            with self.clock.timeout(deadline.left):
                try:
                    return await self._send_until_answered(delivery, deadline, hook)
                except B24Error as exc:
                    error = exc
        finally:
            # Reached by cancellation too: whoever makes this call again needs its key.
            if delivery.is_unknown(error):
                with anyio.CancelScope(shield=True):
                    await self._keep_key(delivery)
        if error is None:
            error = delivery.out_of_time(self.options.deadline)
        error = delivery.truth(error).of(delivery.request.method)
        if error.fault.executed == "unknown" and delivery.request.key is not None:
            with anyio.move_on_after(_LEARNING_SECONDS):
                if await self._keys.honoured(self.clock.now()):
                    raise delivery.repeatable(error)
        raise error

    async def _keep_key(self, delivery: Delivery) -> None:
        if delivery.request.key is not None:
            now = self.clock.now()
            await self._keys.keep(delivery.request, delivery.content, delivery.again_from(now), now)

    async def _send_until_answered(self, delivery: Delivery, deadline: Deadline, hook: RequestHook) -> Answer:
        """Send a request, and again where that is safe."""
        await self._take_kept_key(delivery, deadline)
        request = delivery.request
        tries = 0
        alike: Counter[tuple[str, int | None]] = Counter()
        while True:
            try:
                async with self.limits.turn(request.charged, deadline):
                    await hook.going()
                    tries += 1
                    deadline.attempts += 1
                    answer = await self._attempt(delivery)
            except B24Error as exc:  # a limit or the guard: nothing of this try was sent
                raise exc.of(request.method) from None
            if isinstance(answer, Answer):
                delivery.answered = True
                return answer
            error = answer.of(request.method)
            delivery.failed(error)
            fault = error.fault
            alike[fault.code, fault.status] += 1
            if is_refused_by_limit(fault):
                await self.limits.learn_refusal(request.method, fault, self.clock.now())
            repeatable = deadline.repeats and (request.reads or await self._is_repeatable(request))
            pause = pause_before_retry(fault, tries, repeatable=repeatable, alike=alike[fault.code, fault.status])
            if pause is not None and not request.reads and delivery.doubt is not None:
                pause = max(pause, delivery.again_from(self.clock.now()) - self.clock.now())
            if pause is None or pause > deadline.left:
                raise error
            _LOG.info("%s: %s, sent again in %.1f s", request.method, fault.code or "no code", pause)
            await deadline.wait(pause, "trying again after a failure")

    async def _take_kept_key(self, delivery: Delivery, deadline: Deadline) -> None:
        """Use the key of the same call made before, if its outcome is unknown, once nothing of it is under way.

        Raises:
            B24Error: `B24MCP_STILL_RUNNING` when that is after the deadline; nothing was sent.
        """
        if delivery.request.key is None:
            return
        kept = await self._keys.take(delivery.request, delivery.content, self.clock.now())
        if kept is None:
            return
        delivery.resume(kept)
        pause = kept.again_from - self.clock.now()
        if pause <= 0:
            return
        if pause > deadline.left:
            raise our_error(
                "B24MCP_STILL_RUNNING",
                "The same call was made before, its outcome is unknown, and it may still be running until "
                f"{moment_text(kept.again_from)}.",
                method=delivery.request.method,
            )
        await deadline.wait(pause, "the same call may still be running on the portal")

    async def _is_repeatable(self, request: Request) -> bool:
        return request.key is not None and await self._keys.honoured(self.clock.now())

    async def _learn(self, method: str, answer: Answer) -> None:
        """Note the working time; the answer is there, so nothing that happens here may lose it."""
        with anyio.move_on_after(_LEARNING_SECONDS):
            await self.limits.learn(method, answer.time, self.clock.now())

    async def _attempt(self, delivery: Delivery) -> Answer | B24Error:
        try:
            return await self._deliver(delivery)
        except B24Error as exc:
            return exc

    async def _deliver(self, delivery: Delivery) -> Answer:
        """Send one request; once more when the portal took it for too old a token and there is a new one."""
        started = time.perf_counter()
        outcome = "failed"
        request = delivery.request
        delivery.in_flight = False
        try:
            route = await self.credential.route()
            try:
                reply = await self._reach(route, delivery)
                outcome = f"HTTP {reply.status}"
                return await self._read(reply, delivery)
            except B24Error as exc:
                error = exc
            # A refused token executed nothing, and whatever else happened is noted by the caller.
            if error.fault.executed == "no":
                delivery.in_flight = False
            if not await self.credential.renew(route, error.fault):
                raise error
            reply = await self._reach(await self.credential.route(), delivery)
            outcome = f"HTTP {reply.status} with a new token"
            return await self._read(reply, delivery)
        finally:
            _LOG.debug("%s: %s in %.0f ms", request.method, outcome, (time.perf_counter() - started) * 1000)

    async def _reach(self, route: Route, delivery: Delivery) -> Reply:
        """Send one request; to the portal's new address too, when it says that it has moved there.

        A new address that does not answer is given up for the configured one.
        """
        try:
            reply = await self._post(route, delivery)
        except B24Error as exc:
            if not self._is_given_up(route, exc.fault):
                raise
            route = await self.credential.route()
            reply = await self._post(route, delivery)
        if 300 <= reply.status < 400:
            delivery.in_flight = False
            route = await self._follow_move(route, reply)
            try:
                reply = await self._post(route, delivery)
            except B24Error as exc:
                self._is_given_up(route, exc.fault)
                raise
            if 300 <= reply.status < 400:
                delivery.in_flight = False
                raise our_error("B24MCP_PORTAL_CLOSED", "The portal sends callers on and on.", status=reply.status)
        return reply

    def _is_given_up(self, route: Route, fault: Fault) -> bool:
        """Whether an address that was followed does not answer; then the configured one is used again."""
        if self._moved_to is None or urlsplit(route.origin).netloc != self._moved_to:
            return False
        if fault.executed != "no" or fault.code not in ("B24MCP_NO_CONNECTION", "B24MCP_TLS"):
            return False
        _LOG.warning("The portal does not answer at %s any more: the configured address is used", self._moved_to)
        self.credential, self._moved_to = self._configured.at_configured_address(), None
        return True

    async def _read(self, reply: Reply, delivery: Delivery) -> Answer:
        request = delivery.request
        # A portal that does not know these keys ignores them; only one that returns a key keeps answers for it.
        if request.key is not None and reply.key == request.key:
            await self._keys.learn_honoured(self.clock.now())
        return read_answer(reply, request)

    async def _post(self, route: Route, delivery: Delivery) -> Reply:
        request = delivery.request
        if request.version == "v3":
            address = route.v3_address_of(request.method)
        else:
            address = route.address_of(request.method, ".xml" if request.format == "xml" else "")

        def on_sent() -> None:
            delivery.sent(self.clock.now())

        return await self._connected().post(
            address, delivery.content, request.format, request.key, route.headers, on_sent
        )

    def _connected(self) -> Transport:
        if self._transport is None:
            # Imported at the first call: a server that only lists its tools needs no HTTP library.
            from b24_mcp.rest.wire.transport import Transport

            self._transport = Transport(
                seconds=self.options.seconds,
                largest_answer=self.options.largest_answer,
                ca_bundle=self.options.ca_bundle,
                https=self.credential.is_https,
                host=None if self.credential.is_loopback else urlsplit(f"//{self.credential.host}").hostname,
                app=self._app,
            )
        return self._transport

    async def _follow_move(self, route: Route, reply: Reply) -> Route:
        """The way to the portal's new address. A portal redirects no call that it executes.

        `route` is the one the call took: another call may have found the new address meanwhile.

        Raises:
            B24Error: when it is not certain that the new address is the same portal. Nothing was executed.
        """
        target = _absolute(route.origin, reply.location)
        if target is None or route.is_at(target):
            raise our_error(
                "B24MCP_PORTAL_CLOSED", "The portal answers with a page of its own instead.", status=reply.status
            )
        moved = await self.credential.follow(route, target)
        if moved is None:
            host = urlsplit(target).netloc.rpartition("@")[2]
            raise our_error(
                "B24MCP_PORTAL_MOVED",
                f"The portal says that it is at {host} now, which is not surely the same portal.",
                status=reply.status,
            )
        if self._moved_to != moved.host:
            _LOG.warning("The portal %s is at %s now", urlsplit(route.origin).netloc, moved.host)
        self.credential = moved
        home = self._configured.host
        self._moved_to = None if moved is not self._configured and moved.host == home else moved.host
        return await moved.route()


@dataclass(frozen=True, slots=True)
class PortalBatchSender:
    """What the run of a batch may do with the portal; see `b24_mcp.rest.batch.run.BatchSender`."""

    sender: Sender
    deadline: Deadline
    permit: object | None

    async def send(self, request: Request) -> Answer:
        """See `Door`."""
        return await self.sender.send(request, self.deadline, self.permit)

    async def call(self, method: str, params: Params, version: Version, format: Format) -> Answer:
        """See `Door`."""
        return await self.sender.call(method, params, version, format, self.deadline, self.permit)

    async def learn(self, method: str, time: CallTime | None) -> None:
        """See `Door`."""
        await self.sender.limits.learn(method, time, self.sender.clock.now())

    async def learn_refusal(self, method: str, fault: Fault) -> None:
        """See `Door`."""
        await self.sender.limits.learn_refusal(method, fault, self.sender.clock.now())

    def is_patient(self) -> bool:
        """See `Door`."""
        return self.deadline.left > 0


def _absolute(origin: str, location: str) -> str | None:
    try:
        target = urljoin(origin + "/", location)
        return target if location and urlsplit(target).netloc else None
    except ValueError:
        return None


def _tell_of_move(answer: Answer, host: str, credential: Credential) -> Answer:
    said = f"this portal has moved to {host}: change {credential.setting}"
    return replace(answer, warnings=(*answer.warnings, said))
