"""The sender of one portal: asks the guard, keeps rate limits and the deadline, and retries where that is safe."""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio

from b24_mcp.errors import B24Error, Fault, our_error
from b24_mcp.rest.auth.credential import Credential, Route
from b24_mcp.rest.delivery import Delivery, moment_text
from b24_mcp.rest.guard import Guard, RequestHook
from b24_mcp.rest.idempotency import Keys
from b24_mcp.rest.limits.deadline import Clock, Deadline, OnWait
from b24_mcp.rest.limits.limits import Limits
from b24_mcp.rest.limits.retries import is_refused_by_limit, pause_before_retry
from b24_mcp.rest.moved import MovedPortal
from b24_mcp.rest.observer import observer
from b24_mcp.rest.planned import PlannedCall, call_request
from b24_mcp.rest.portal_options import PortalOptions
from b24_mcp.rest.shared_portal import SharedPortal, open_transport
from b24_mcp.rest.wire.answer import Answer, CallTime, HttpReply, read_answer
from b24_mcp.rest.wire.file_value import holds_files
from b24_mcp.rest.wire.next_page import next_page
from b24_mcp.rest.wire.params import Params
from b24_mcp.rest.wire.request import Request, calls_in
from b24_mcp.state import ExpiringStore

if TYPE_CHECKING:
    from b24_mcp.rest.files.request_sender import Finish
    from b24_mcp.rest.wire.file_body import OnPiece
    from b24_mcp.rest.wire.transport import Transport

_LOG = logging.getLogger(__name__)
_LEARNING_SECONDS = 2.0


class Sender:
    """Sends every request to one portal. For the arguments see `Portal`."""

    def __init__(
        self,
        credential: Credential,
        options: PortalOptions,
        guard: Guard,
        limits: Limits,
        keys: ExpiringStore,
        clock: Clock,
        app: Any,
        *,
        shared: SharedPortal | None = None,
        person: str = "",
    ) -> None:
        self.options = options
        self.guard = guard
        self.limits = limits
        self.clock = clock
        self._app = app
        self._transport: Transport | None = None
        self._moved = MovedPortal(credential)
        self._shared = shared
        owner = f"{credential.owner} {person}" if person else credential.owner
        self._keys = Keys(keys, credential.host, owner)

    @property
    def credential(self) -> Credential:
        """The credential, for the address at which the portal answers now."""
        return self._moved.credential

    def deadline(self, bulk: bool = False, on_wait: OnWait | None = None) -> Deadline:
        """Return the deadline of a call that begins now."""
        return Deadline(self.clock, self.clock.now() + self.options.deadline, bulk, on_wait)

    async def send_call(
        self, planned: PlannedCall, deadline: Deadline, permit: object | None = None, *, params: Params | None = None
    ) -> Answer:
        """Send one planned call. `params` replace those of the plan once references in them are resolved.

        Raises:
            B24Error: as `send`.
        """
        if holds_files(planned.params if params is None else params):
            from b24_mcp.rest.files.sending import send_with_files  # most calls do without

            return await send_with_files(self, planned, planned.params if params is None else params, deadline, permit)
        request = call_request(planned, params)
        answer = await self.send(request, deadline, permit)
        if planned.version == "v3" and isinstance(request.body, dict):
            return replace(answer, next=next_page(planned.method, request.body, answer.result))
        return answer

    async def send(
        self,
        request: Request,
        deadline: Deadline,
        permit: object | None = None,
        *,
        finish: Finish | None = None,
        on_piece: OnPiece | None = None,
    ) -> Answer:
        """Send a finished request. Every request to the portal is sent by this method, after the guard has judged it.

        `finish` does the rest of a call that needs more than one request, and returns its answer. `on_piece` reports
        the progress of a body that is streamed.

        Raises:
            B24Error: of the guard, of the connection, or of the portal.
        """
        # Encoded and judged together: exactly these bytes are sent, even after a long wait.
        content = request.content
        hook = self.guard.admit(calls_in(request), permit)
        delivery = Delivery(request, content, on_piece)
        outcome: Answer | B24Error | None = None
        try:
            outcome = await self._send_in_time(delivery, deadline, hook)
            if finish is not None:
                outcome = await finish(outcome)
        except B24Error as exc:
            outcome = exc
            raise
        finally:
            await hook.after_answer(outcome)
        if outcome.time is not None:
            # Recording the working time must not lose the answer, which has arrived.
            with anyio.move_on_after(_LEARNING_SECONDS):
                await self.limits.learn(request.method, outcome.time, self.clock.now())
        if (warning := self.limits.warning) is not None:
            outcome = replace(outcome, warnings=(*outcome.warnings, warning))
        return outcome if self._moved.host is None else self._moved.noted_in(outcome)

    async def aclose(self) -> None:
        """Close the connections and the state. The sender opens them again when it is used again."""
        await self.close_connections()
        await self.limits.state.aclose()

    async def close_connections(self) -> None:
        """Close the connections, but not the state, which others may use."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()
        await self.credential.aclose()
        if self._shared is None:
            await self.limits.close_own()

    async def _send_in_time(self, delivery: Delivery, deadline: Deadline, hook: RequestHook) -> Answer:
        """Send a request until it is answered or the deadline has passed.

        Raises:
            B24Error: with the value of `executed` that follows from all requests sent for this call.
        """
        error: B24Error | None = None
        try:
            with self.clock.timeout(deadline.left):
                try:
                    return await self._send_until_answered(delivery, deadline, hook)
                except B24Error as exc:
                    error = exc
        finally:
            # Also after a cancellation: the same call made again needs its key.
            if not delivery.answered and delivery.is_unknown(error):
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
        """Send a request and retry it where that is safe."""
        if delivery.request.key is not None:
            await self._take_kept_key(delivery, deadline)
        request = delivery.request
        tries = 0
        alike: Counter[tuple[str, int | None]] = Counter()
        while True:
            try:
                async with self.limits.turn(request.charged, deadline):
                    if deadline.on_send is not None:
                        await deadline.on_send()
                    await hook.before_send()
                    tries += 1
                    deadline.attempts += 1
                    answer = await self._try(delivery)
            except B24Error as exc:  # of a limit or the guard: nothing of this try was sent
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
            observer().retry(fault.code or "none")
            _LOG.info("%s: %s, sent again in %.1f s", request.method, fault.code or "no code", pause)
            await deadline.wait(pause, "retrying after a failure")

    async def _take_kept_key(self, delivery: Delivery, deadline: Deadline) -> None:
        """Use the key of the same call made before, if its outcome is unknown, once it cannot be running any more.

        Raises:
            B24Error: `B24MCP_STILL_RUNNING` when that is after the deadline; nothing was sent.
        """
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

    async def _try(self, delivery: Delivery) -> Answer | B24Error:
        """Send one request and return its answer or error. It is sent once more with a renewed token."""
        started = time.perf_counter()
        request = delivery.request
        delivery.in_flight = False
        said, code = "failed", "ok"
        try:
            route = await self.credential.route()
            try:
                reply = await self._reach(route, delivery)
                said = f"HTTP {reply.status}"
                return await self._read(reply, delivery)
            except B24Error as exc:
                error = exc
            # A refused token executed nothing; every other outcome is recorded by the caller.
            if error.fault.executed == "no":
                delivery.in_flight = False
            if not await self.credential.renew(route, error.fault):
                code = error.fault.code or "none"
                return error
            reply = await self._reach(await self.credential.route(), delivery)
            said = f"HTTP {reply.status} with a new token"
            return await self._read(reply, delivery)
        except B24Error as exc:
            code = exc.fault.code or "none"
            return exc
        finally:
            seconds = time.perf_counter() - started
            _LOG.debug("%s: %s in %.0f ms", request.method, said, seconds * 1000)
            observer().portal_request(request.version, code, seconds)

    async def _reach(self, route: Route, delivery: Delivery) -> HttpReply:
        """Post one request; again to the new address when the portal redirects there.

        A new address that does not answer is given up, and the configured one is used again.
        """
        try:
            reply = await self._post(route, delivery)
        except B24Error as exc:
            if not self._moved.give_up(route, exc.fault):
                raise
            route = await self.credential.route()
            reply = await self._post(route, delivery)
        if not 300 <= reply.status < 400:
            return reply
        delivery.in_flight = False
        route = await self._moved.follow(route, reply)
        try:
            reply = await self._post(route, delivery)
        except B24Error as exc:
            self._moved.give_up(route, exc.fault)
            raise
        if 300 <= reply.status < 400:
            delivery.in_flight = False
            raise our_error("B24MCP_PORTAL_CLOSED", "The portal redirects again after a redirect.", status=reply.status)
        return reply

    async def _read(self, reply: HttpReply, delivery: Delivery) -> Answer:
        request = delivery.request
        # A portal that does not know these keys ignores them; only one that returns a key keeps answers for it.
        if request.key is not None and reply.key == request.key:
            await self._keys.learn_honoured(self.clock.now())
        return read_answer(reply, request)

    async def _post(self, route: Route, delivery: Delivery) -> HttpReply:
        request = delivery.request
        if request.version == "v3":
            address = route.v3_address_of(request.method)
        else:
            address = route.address_of(request.method, ".xml" if request.format == "xml" else "")

        def on_sent() -> None:
            delivery.in_flight = True
            delivery.sent_at = self.clock.now()

        return await self.transport().post(
            address, delivery.content, request.format, request.key, route.headers, on_sent, on_piece=delivery.on_piece
        )

    def transport(self) -> Transport:
        """Return the connections to the portal."""
        if self._shared is not None:
            return self._shared.transport()
        return self._transport or self._connect()

    def _connect(self) -> Transport:
        credential = self.credential
        host = None if credential.is_loopback else urlsplit(f"//{credential.host}").hostname
        self._transport = open_transport(self.options, https=credential.is_https, host=host, app=self._app)
        return self._transport


@dataclass(frozen=True, slots=True)
class PortalBatchSender:
    """The `BatchSender` of one batch: its deadline and permit are the same for all requests."""

    sender: Sender
    deadline: Deadline
    permit: object | None

    async def send(self, request: Request) -> Answer:
        """Send one request of the batch."""
        return await self.sender.send(request, self.deadline, self.permit)

    async def call(self, command: PlannedCall, params: Params) -> Answer:
        """Send one command as a single call."""
        return await self.sender.send_call(command, self.deadline, self.permit, params=params)

    async def learn(self, method: str, time: CallTime | None) -> None:
        """Record the working time of one command."""
        await self.sender.limits.learn(method, time, self.sender.clock.now())

    async def learn_refusal(self, method: str, fault: Fault) -> None:
        """Record that a limit refused one command."""
        await self.sender.limits.learn_refusal(method, fault, self.sender.clock.now())

    def is_patient(self) -> bool:
        """Whether there is time for another request."""
        return self.deadline.left > 0
