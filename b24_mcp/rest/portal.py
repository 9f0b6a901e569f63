"""`Portal`: the one door to one Bitrix24 portal. Nothing reaches a portal any other way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from b24_mcp.catalog import Version
from b24_mcp.rest.auth.credential import Credential
from b24_mcp.rest.batch.commands import Command, check_commands
from b24_mcp.rest.batch.outcomes import BatchAnswer
from b24_mcp.rest.batch.run import BatchRun
from b24_mcp.rest.guard import Guard, OpenWay, act_of_call, acts_of_batch
from b24_mcp.rest.limits.deadline import Clock, Deadline, OnWait, SystemClock
from b24_mcp.rest.limits.limits import Limits, Plan
from b24_mcp.rest.sender import PortalBatchSender, PortalOptions, Sender
from b24_mcp.rest.wire.answer import Answer
from b24_mcp.rest.wire.params import Params
from b24_mcp.rest.wire.request import Format
from b24_mcp.state import SharedState, open_state

if TYPE_CHECKING:
    from b24_mcp.rest.listing import Listing


class Portal:
    """A portal, opened by a webhook or a login. Connections are made at the first call and shared by all calls.

    `guard` decides what may be sent; without it everything may. `state` is what is shared with other processes,
    limits and keys; without it they are this object's own. `app` is an ASGI application that plays the portal inside
    this process. `clock` is there for tests.
    """

    def __init__(
        self,
        credential: Credential,
        options: PortalOptions | None = None,
        *,
        guard: Guard | None = None,
        state: SharedState | None = None,
        clock: Clock | None = None,
        app: Any = None,
    ) -> None:
        options = options or PortalOptions()
        clock = clock or SystemClock()
        state = state or open_state("memory", clock.now)
        limits = Limits(credential, options.plan, state, clock)
        self._sender = Sender(credential, options, guard or OpenWay(), limits, state, clock, app)

    @property
    def host(self) -> str:
        """The portal's host name, fit to be shown."""
        return self._sender.credential.host

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
        return await self._sender.call(
            act.method, params, version, format, self._sender.deadline(bulk, on_wait), permit
        )

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
        self._sender.guard.review(acts_of_batch(checked), permit)
        sender = PortalBatchSender(self._sender, self._sender.deadline(bulk, on_wait), permit)
        return await BatchRun(checked, halt=halt, format=format, sender=sender).run()

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
        from b24_mcp.rest.listing import PortalListSender, open_listing  # most calls are no lists

        async def call(method: str, params: Params, version: Version, deadline: Deadline) -> Answer:
            return await self._sender.call(method, params, version, "json", deadline, None)

        async def batch(commands: list[Command], deadline: Deadline) -> BatchAnswer:
            return await BatchRun(
                commands, halt=True, format="json", sender=PortalBatchSender(self._sender, deadline, None)
            ).run()

        sender = PortalListSender(
            review=lambda act: self._sender.guard.review([act], None),
            deadline=lambda: self._sender.deadline(True, on_wait),
            send_call=call,
            send_batch=batch,
        )
        return open_listing(sender, method, params, version=version, limit=limit, resume=resume)

    @property
    def plan(self) -> Plan:
        """Which limits are kept."""
        return self._sender.options.plan

    async def requests_free(self) -> int | None:
        """How many requests could go at this moment without waiting; None where there is no such limit."""
        return await self._sender.limits.free()

    async def aclose(self) -> None:
        """Close the connections and the state; the portal can still be used and opens them anew."""
        await self._sender.aclose()
