"""`Portal`: the one door to one Bitrix24 portal. Nothing reaches a portal any other way."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from b24_mcp.catalog import Version
from b24_mcp.rest.answer import Answer, CallTime, Reply, read_answer
from b24_mcp.rest.batch import BatchRun
from b24_mcp.rest.commands import Command, check_commands
from b24_mcp.rest.credential import Credential, Way
from b24_mcp.rest.effort import Clock, Effort, OnWait, SystemClock
from b24_mcp.rest.errors import B24Error, Fault, our_error
from b24_mcp.rest.guarding import Guard, OpenWay, Passage, act_of_call, acts_of_batch, acts_on_the_wire
from b24_mcp.rest.limits import Limits, Plan
from b24_mcp.rest.outcomes import BatchAnswer
from b24_mcp.rest.paging_v3 import next_page
from b24_mcp.rest.params import Params
from b24_mcp.rest.request import Format, Request, call_request
from b24_mcp.rest.retries import is_refused_by_limit, pause_before_retry
from b24_mcp.state import LimitState, open_state

if TYPE_CHECKING:
    from b24_mcp.rest.listing import Listing
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


class Portal:
    """A portal, opened by a webhook or a login. Connections are made at the first call and shared by all calls.

    `guard` decides what may be sent; without it everything may. `state` is where the limits are shared with other
    processes; without it they are this object's own. `app` is an ASGI application that plays the portal inside this
    process. `clock` is there for tests.
    """

    def __init__(
        self,
        credential: Credential,
        options: PortalOptions | None = None,
        *,
        guard: Guard | None = None,
        state: LimitState | None = None,
        clock: Clock | None = None,
        app: Any = None,
    ) -> None:
        self._credential = credential
        self._options = options or PortalOptions()
        self._guard: Guard = guard or OpenWay()
        self._clock = clock or SystemClock()
        self._limits = Limits(credential, self._options.plan, state or open_state("memory"))
        self._app = app
        self._transport: Transport | None = None
        self._moved_to: str | None = None
        self._honours_keys = False

    @property
    def host(self) -> str:
        """The portal's host name, fit to be shown."""
        return self._credential.host

    async def call(
        self,
        method: str,
        params: Params | None = None,
        *,
        version: Version = "v2",
        format: Format = "json",
        bulk: bool = False,
        on_wait: OnWait | None = None,
        permit: object | None = None,
    ) -> Answer:
        """Call one method, with named parameters or, for the positional `task.*` methods, a list.

        `version` is the generation of the API; REST 3.0 takes named parameters and writes JSON. A `bulk` call lets
        others go first. `on_wait` is told of waiting that takes seconds. `permit` is for the guard. A documented name
        is sent as the documentation writes it.

        Raises:
            B24Error: whatever went wrong; `fault.executed` says whether the method may have run.
        """
        params = {} if params is None else params
        act = act_of_call(method, params, version, format)
        return await self._call(act.method, params, version, format, self._effort(bulk, on_wait), permit)

    async def batch(
        self,
        commands: Mapping[str, Mapping[str, Any]],
        *,
        halt: bool = False,
        format: Format = "json",
        bulk: bool = False,
        on_wait: OnWait | None = None,
        permit: object | None = None,
    ) -> BatchAnswer:
        """Run named commands `{name: {"method": …, "params": …, "version": …}}` in order, in few requests.

        A command's version is v2 when not said; both may be mixed. With `halt` nothing runs after the first failed
        command. Every command is checked before any is sent.

        Raises:
            B24Error: when the commands themselves are wrong; nothing was sent. Failures of commands, and of whole
                requests, are in the answer.
        """
        checked = check_commands(commands, format)
        self._guard.review(acts_of_batch(checked), permit)
        door = _BatchDoor(self, self._effort(bulk, on_wait), permit)
        return await BatchRun(checked, halt=halt, format=format, door=door).run()

    def listing(
        self,
        method: str,
        params: Params | None = None,
        *,
        version: Version | None = None,
        limit: int | None = None,
        resume: Mapping[str, Any] | None = None,
        on_wait: OnWait | None = None,
    ) -> Listing:
        """Read all rows of a list, page after page: `async for rows in portal.listing("crm.deal.list"): …`.

        `limit` ends it after so many rows. `resume` is the `cursor` of a listing that stopped, with the same method and
        params. Without a version the older generation comes first where a method exists in both.

        Raises:
            B24Error: `B24MCP_NOT_A_LIST`, `B24MCP_CURSOR`, what is wrong with the parameters, or what the guard says;
                nothing was sent.
        """
        from b24_mcp.rest.listing import PortalDoor, open_listing  # most calls are no lists

        async def call(method: str, params: Params, version: Version, effort: Effort) -> Answer:
            return await self._call(method, params, version, "json", effort, None)

        async def batch(commands: list[Command], effort: Effort) -> BatchAnswer:
            return await BatchRun(commands, halt=True, format="json", door=_BatchDoor(self, effort, None)).run()

        door = PortalDoor(
            review=lambda act: self._guard.review([act], None),
            effort=lambda: self._effort(True, on_wait),
            send_call=call,
            send_batch=batch,
        )
        return open_listing(door, method, params, version=version, limit=limit, resume=resume)

    @property
    def plan(self) -> Plan:
        """Which limits are kept."""
        return self._options.plan

    async def requests_free(self) -> int | None:
        """How many requests could go at this moment without waiting; None where there is no such limit."""
        return await self._limits.free(self._clock.now())

    async def aclose(self) -> None:
        """Close the connections and the state; the portal can still be used and opens them anew."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()
        await self._credential.aclose()
        await self._limits.state.aclose()

    def _effort(self, bulk: bool, on_wait: OnWait | None) -> Effort:
        return Effort(self._clock, self._clock.now() + self._options.deadline, bulk, on_wait)

    async def _call(
        self, method: str, params: Params, version: Version, format: Format, effort: Effort, permit: object | None
    ) -> Answer:
        answer = await self._send(call_request(method, params, version, format), effort, permit)
        if version == "v3" and isinstance(params, dict):
            return replace(answer, next=next_page(method, params, answer.result))
        return answer

    async def _send(self, request: Request, effort: Effort, permit: object | None = None) -> Answer:
        """Send what was checked before. Every request to the portal passes here, and none without the guard."""
        # Written down and judged in one step: what goes out are these bytes, however long they wait.
        content = request.content
        passage = self._guard.admit(acts_on_the_wire(request), permit)
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
            await self._turn(request, effort)
            await passage.going()
            tries += 1
            effort.attempts += 1
            try:
                answer = await self._deliver(request, content)
            except B24Error as exc:
                error = exc.of(request.method)
            else:
                await self._limits.learn(request.method, answer.time, self._clock.now())
                return answer if self._moved_to is None else _tell_of_move(answer, self._moved_to, self._credential)
            if is_refused_by_limit(error.fault):
                await self._limits.learn_refusal(request.method, error.fault, self._clock.now())
            repeatable = effort.repeats and (request.reads or (request.key is not None and self._honours_keys))
            pause = pause_before_retry(error.fault, tries, repeatable=repeatable)
            if pause is None or pause > effort.left:
                raise error
            _LOG.info("%s: %s, sent again in %.1f s", request.method, error.fault.code or "no code", pause)
            await effort.wait(pause, "trying again after a failure")

    async def _turn(self, request: Request, effort: Effort) -> None:
        try:
            await self._limits.turn(request.charged, effort)
        except B24Error as exc:
            raise exc.of(request.method) from None

    async def _deliver(self, request: Request, content: bytes) -> Answer:
        """Send one request; once more when the portal took it for too old a token and there is a new one."""
        started = time.perf_counter()
        outcome = "failed"
        try:
            way = await self._credential.way()
            try:
                reply = await self._reach(way, request, content)
                outcome = f"HTTP {reply.status}"
                return self._read(reply, request)
            except B24Error as exc:
                error = exc
            if not await self._credential.renew(way, error.fault):
                raise error
            reply = await self._reach(await self._credential.way(), request, content)
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
                seconds=self._options.seconds,
                largest_answer=self._options.largest_answer,
                ca_bundle=self._options.ca_bundle,
                https=self._credential.is_https,
                local=self._credential.is_loopback,
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
        moved = await self._credential.follow(way, target)
        if moved is None:
            host = urlsplit(target).netloc.rpartition("@")[2]
            raise our_error(
                "B24MCP_PORTAL_MOVED",
                f"The portal says that it is at {host} now, which is not surely the same portal.",
                status=reply.status,
            )
        if self._moved_to != moved.host:
            _LOG.warning("The portal %s is at %s now", urlsplit(way.origin).netloc, moved.host)
        self._credential, self._moved_to = moved, moved.host
        return await moved.way()


@dataclass(frozen=True, slots=True)
class _BatchDoor:
    """What the run of a batch may do with the portal; see `b24_mcp.rest.batch.Door`."""

    portal: Portal
    effort: Effort
    permit: object | None

    async def send(self, request: Request) -> Answer:
        return await self.portal._send(request, self.effort, self.permit)

    async def call(self, method: str, params: Params, version: Version, format: Format) -> Answer:
        return await self.portal._call(method, params, version, format, self.effort, self.permit)

    async def learn(self, method: str, time: CallTime | None) -> None:
        await self.portal._limits.learn(method, time, self.portal._clock.now())

    async def learn_refusal(self, method: str, fault: Fault) -> None:
        await self.portal._limits.learn_refusal(method, fault, self.portal._clock.now())

    def is_patient(self) -> bool:
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
