"""`Portal`: the client of one Bitrix24 portal. Every request to a portal is sent through it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from b24_mcp.catalog import Version
from b24_mcp.rest.auth.credential import Credential
from b24_mcp.rest.batch.commands import plan_batch
from b24_mcp.rest.batch.outcomes import BatchAnswer
from b24_mcp.rest.batch.run import BatchRun
from b24_mcp.rest.guard import Guard, NoGuard
from b24_mcp.rest.limits.deadline import Clock, OnSend, OnWait, SystemClock
from b24_mcp.rest.limits.limits import Limits, Plan
from b24_mcp.rest.planned import PlannedBatch, PlannedCall, call_request, plan_call
from b24_mcp.rest.portal_options import PortalOptions
from b24_mcp.rest.sender import PortalBatchSender, Sender
from b24_mcp.rest.shared_portal import SharedPortal
from b24_mcp.rest.wire.answer import Answer
from b24_mcp.rest.wire.params import Params, written_as_query
from b24_mcp.rest.wire.request import Format, calls_in
from b24_mcp.state import SharedState, open_state

if TYPE_CHECKING:
    from b24_mcp.rest.files.downloading import Downloaded
    from b24_mcp.rest.listing import Listing


class Portal:
    """The client of a portal, for a webhook or a login. Connections open at the first call; all calls share them.

    `guard` decides which calls may be sent; without a guard all may. `state` holds the limits and idempotency keys that
    processes share; without it they belong to this object. `app` is an ASGI application that answers in this process
    instead of the portal. `clock` is for tests. `shared` is what the portal has in common with those of other people,
    and `person` identifies the one whose login this is.
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
        shared: SharedPortal | None = None,
        person: str = "",
    ) -> None:
        options = options or PortalOptions()
        clock = clock or SystemClock()
        state = state or open_state("memory", clock.now)
        limits = Limits(credential, options.plan, state, clock) if shared is None else shared.limits
        self._sender = Sender(
            credential, options, guard or NoGuard(), limits, state, clock, app, shared=shared, person=person
        )

    @property
    def host(self) -> str:
        """The host name of the portal, which contains no secret."""
        return self._sender.credential.host

    @property
    def origin(self) -> str:
        """The scheme and host of the portal's own pages, which contain no secret."""
        credential = self._sender.credential
        return f"{'https' if credential.is_https else 'http'}://{credential.host}"

    @property
    def is_application(self) -> bool:
        """Whether calls are made by an application; some methods refuse a webhook."""
        return self._sender.credential.is_application

    async def send(
        self,
        planned: PlannedCall,
        permit: object | None = None,
        *,
        bulk: bool = False,
        on_wait: OnWait | None = None,
    ) -> Answer:
        """Send a planned call. `permit` is the approval that the guard may require.

        Other calls have priority over a `bulk` call. `on_wait` is called during waits of some seconds.

        Raises:
            B24Error: for every failure; `fault.executed` says whether the method may have run.
        """
        return await self._sender.send_call(planned, self._sender.deadline(bulk, on_wait), permit)

    async def send_batch(
        self,
        planned: PlannedBatch,
        permit: object | None = None,
        *,
        bulk: bool = False,
        on_wait: OnWait | None = None,
        on_send: OnSend | None = None,
    ) -> BatchAnswer:
        """Run the commands of a planned batch in their order, in as few requests as possible.

        `on_send` is called directly before each try of a request.

        Raises:
            B24Error: of the guard; nothing was sent. Failures of commands, and of whole requests, are in the answer.
        """
        self._sender.guard.review(planned.commands, permit)
        deadline = self._sender.deadline(bulk, on_wait)
        deadline.on_send = on_send
        sender = PortalBatchSender(self._sender, deadline, permit)
        return await BatchRun(list(planned.commands), halt=planned.halt, format=planned.format, sender=sender).run()

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
        """Plan and send a call of one method, with named parameters or, for the positional `task.*` methods, a list.

        `version` is the generation of the API; REST 3.0 takes named parameters and answers in JSON.

        Raises:
            B24Error: as `plan_call` and `send`.
        """
        planned = plan_call(method, params, version, format)
        return await self.send(planned, permit, bulk=bulk, on_wait=on_wait)

    async def batch(
        self,
        commands: Mapping[str, object],
        *,
        halt: bool = False,
        format: Format = "json",
        bulk: bool = False,
        on_wait: OnWait | None = None,
        permit: object | None = None,
    ) -> BatchAnswer:
        """Plan and run named commands `{name: {"method": …, "params": …, "version": …}}`; see `plan_batch`.

        Raises:
            B24Error: as `plan_batch` and `send_batch`.
        """
        planned = plan_batch(commands, halt=halt, format=format)
        return await self.send_batch(planned, permit, bulk=bulk, on_wait=on_wait)

    def listing(
        self,
        method: str,
        params: Params | None = None,
        *,
        version: Version | None = None,
        limit: int | None = None,
        resume: Mapping[str, object] | None = None,
        in_order: bool = False,
        on_wait: OnWait | None = None,
    ) -> Listing:
        """Read all rows of a list, page after page: `async for rows in portal.listing("crm.deal.list"): …`.

        `limit` is the largest number of rows. `resume` is the `cursor` of an interrupted listing with the same method
        and params. With `in_order` the rows come in the order of the method, otherwise perhaps by id. Without a
        version, the older generation is preferred if a method exists in both. Requests run in the background while the
        rows are used, so close the listing (`aclose`) if the loop may be left before its end.

        Raises:
            B24Error: `B24MCP_NOT_A_LIST`, `B24MCP_CURSOR`, `B24MCP_PARAMS`, or of the guard; nothing was sent.
        """
        from b24_mcp.rest.listing import PortalListSender, open_listing  # most calls do not need it

        sender = PortalListSender(self._sender, on_wait)
        return open_listing(sender, method, params, version=version, limit=limit, resume=resume, in_order=in_order)

    async def download(
        self, link: str, file: BinaryIO, *, size: int | None = None, on_wait: OnWait | None = None
    ) -> Downloaded:
        """Download the file behind a signed link of the portal into an open file. `size` is its size, if it is known.

        Raises:
            B24Error: when the link leads elsewhere, or the file cannot be downloaded whole.
            OSError: when it cannot be written.
        """
        from b24_mcp.rest.files.downloading import FileDownload  # most calls do without

        return await FileDownload(self._sender, link, file, self._sender.deadline(True, on_wait), size).run()

    async def download_answer(
        self, planned: PlannedCall, file: BinaryIO, *, on_wait: OnWait | None = None
    ) -> Downloaded:
        """Download the file that a method answers with. The guard judges the call.

        Raises:
            B24Error: as `download`, or of the guard.
            OSError: when it cannot be written.
        """
        from b24_mcp.rest.files.downloading import FileDownload

        self._sender.guard.admit(calls_in(call_request(planned)), None)
        route = await self._sender.credential.route()
        link = f"{route.address_of(planned.method)}?{written_as_query(planned.params) or ''}"
        deadline = self._sender.deadline(True, on_wait)
        headers = dict(route.headers)
        return await FileDownload(self._sender, link, file, deadline, headers=headers, method=planned.method).run()

    @property
    def plan(self) -> Plan:
        """The plan, which selects the rate limits."""
        return self._sender.options.plan

    async def requests_free(self) -> int | None:
        """Return how many requests can be sent now without a wait; None without such a limit."""
        return await self._sender.limits.free()

    async def aclose(self) -> None:
        """Close the connections and the state. They open again when the portal is used again."""
        await self._sender.aclose()

    async def close_connections(self) -> None:
        """Close the connections, but not the state, which others may use. They open again when they are needed."""
        await self._sender.close_connections()
