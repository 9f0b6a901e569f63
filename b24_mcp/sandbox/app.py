"""The sandbox as an ASGI application: bytes in, bytes out, nothing of what methods mean."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from b24_mcp.sandbox import answer, errors, php, request
from b24_mcp.sandbox.credentials import InboundWebhook, RegisteredApplication
from b24_mcp.sandbox.errors import PortalError
from b24_mcp.sandbox.limits import Plan, RequestBucket
from b24_mcp.sandbox.messages import (
    HTML,
    JSON,
    HttpRequest,
    Receive,
    Response,
    Scope,
    Send,
    answer_lifespan,
    read_request,
    send_response,
)
from b24_mcp.sandbox.operating import Accounting
from b24_mcp.sandbox.php import Map
from b24_mcp.sandbox.portal import SandboxPortal, SandboxSettings

if TYPE_CHECKING:
    from pathlib import Path

    from b24_mcp.sandbox.control import Control
    from b24_mcp.sandbox.faults import Faults
    from b24_mcp.sandbox.v3 import RestV3

DEMO_WEBHOOK = "1/sandboxdemocode"
USER_WEBHOOK = "4/sandboxusercode"
"""A seller without administrator's rights."""
SCOPE_USER_WEBHOOK = "1/sandboxscopecode"
"""The administrator, with the scope `user` and no other."""

_NO_PAGE = Response(
    404, HTML, b"<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>"
)


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One answered call: no secrets in it. `error` is the code, `None` on success; `duration` in seconds."""

    method: str
    params: Map
    status: int
    error: str | None
    duration: float


class Sandbox:
    """A Bitrix24 portal in this process.

    `db` is a file, or `":memory:"`; a file keeps its data, and is filled with the demonstration company only when
    it is new (`empty` leaves the company out: one administrator, stages, nothing else). `deals` fills it up to so
    many deals, plain rows for measurements. `webhook` is the user id
    and code of the administrator's webhook; beside it there are an ordinary user's and one of narrow scope
    (`USER_WEBHOOK`, `SCOPE_USER_WEBHOOK`) and an OAuth application. `log` is told of every answered
    call. `clock` gives Unix seconds.

    As a service: `name` stands for the host in addresses the portal writes, `oauth_name` is a host name under
    which it is the authorization server and nothing else. `plan` limits requests. `latency`
    and `row_latency` are waits a request and a list row, `offset_latency` a row that an offset passes over, in
    seconds; they keep no other request from being answered.
    `cost` is what every call is said to have taken (seconds; `None`: measured), `accounting` who pays for a
    batch, `operating_limit` the seconds a method may work in ten minutes. `token_lifetime` is in seconds,
    `handler` where the application's browser goes after consent, `app_scopes` what the application was given
    (`None`: everything). `v3` false makes a portal without REST 3.0. `allow_http` lets webhooks be called over
    plain HTTP from other machines.
    `control` opens `/sandbox/faults` and `/sandbox/log` over HTTP; `faults` works without it. While it is
    served with TLS, `ca` is the file of the authority clients have to trust.
    """

    def __init__(
        self,
        db: str | os.PathLike[str] = ":memory:",
        *,
        webhook: str = DEMO_WEBHOOK,
        empty: bool = False,
        deals: int = 0,
        log: Callable[[LoggedCall], None] | None = None,
        clock: Callable[[], float] = time.time,
        name: str | None = None,
        oauth_name: str | None = None,
        plan: Plan = "none",
        latency: float = 0.0,
        row_latency: float = 0.0,
        offset_latency: float = 0.0,
        cost: float | None = None,
        accounting: Accounting = "methods",
        operating_limit: float = 480.0,
        token_lifetime: float = 3600.0,
        handler: str = "http://127.0.0.1/handler",
        app_scopes: frozenset[str] | None = None,
        v3: bool = True,
        allow_http: bool = False,
        control: bool = False,
    ) -> None:
        self.webhook = webhook
        self._has_v3 = v3
        self.name = name
        self.ca: Path | None = None
        self.application = _application(webhook, name, handler, app_scopes)
        settings = SandboxSettings(
            _webhooks(webhook),
            self.application,
            token_lifetime=token_lifetime,
            cost=cost,
            accounting=accounting,
            operating_limit=operating_limit,
            allow_http=allow_http,
            oauth_name=oauth_name,
        )
        self.portal = SandboxPortal(db, settings, empty=empty, clock=clock)
        self._log = log
        if deals:
            from b24_mcp.sandbox.seed.load import load_deals  # only for measurements

            load_deals(self.portal.storage, clock(), deals)
        self._latency, self._row_latency, self._offset_latency = latency, row_latency, offset_latency
        self._bucket = RequestBucket(plan, clock)
        self._faults: Faults | None = None
        self._control: Control | None = None
        self._v3: RestV3 | None = None
        if control:
            from b24_mcp.sandbox import control as addresses  # only where they were asked for
            from b24_mcp.sandbox import executions

            self.portal.executions = executions.Executions()
            self._control = addresses.Control(self.faults, self.portal.executions)
        from concurrent.futures import ThreadPoolExecutor  # with logging behind it: not needed to import us

        # One thread: the loop of whoever embeds us never waits for the database, and calls never overlap in it.
        self._worker = ThreadPoolExecutor(1, "b24-sandbox")

    @property
    def faults(self) -> Faults:
        """The switch-board of faults for tests."""
        if self._faults is None:
            from b24_mcp.sandbox.faults import Faults

            self._faults = Faults()
        return self._faults

    @property
    def rest_v3(self) -> RestV3:
        """Version 3 of the REST API with its switches."""
        if self._v3 is None:
            from b24_mcp.sandbox.v3 import RestV3  # a client of version 2 never needs it

            self._v3 = RestV3(self.portal, self._note)
        return self._v3

    def webhook_url(self, base: str, webhook: str | None = None) -> str:
        """The address of a webhook (the administrator's by default) under `base`, with a slash at the end."""
        return f"{base.rstrip('/')}/rest/{self.webhook if webhook is None else webhook}/"

    def close(self) -> None:
        """Let go of the database and the worker; calls under way finish first."""
        self._worker.shutdown()
        self.portal.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI scope (`http` or `lifespan`)."""
        if scope["type"] == "lifespan":
            await answer_lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            raise RuntimeError(f"the sandbox does not speak {scope['type']}")

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        received = await read_request(scope, receive, self.name)
        if received is None:
            return
        if self._control is not None:
            ordered = self._control.answer(received)
            if ordered is not None:
                await send_response(send, ordered, ())
                return
        started = time.perf_counter()
        fault = None if self._faults is None else self._faults.take(request.method_of(received.path))
        if fault is None:
            response = await self._answer(received)
        else:
            from b24_mcp.sandbox.breaking import broken  # only tests break things

            answered = await broken(fault, received, self._answer, receive, send)
            if answered is None:
                return
            response = answered
        await send_response(send, response, _headers(time.perf_counter() - started))

    async def _answer(self, received: HttpRequest) -> Response:
        import asyncio  # loaded by whoever runs us; importing it here keeps our own import cheap

        counted = received.path.startswith("/rest/") and received.verb != "OPTIONS"
        if counted and not self._bucket.admits():
            return _refused(errors.too_many_requests())
        if self._latency:
            await asyncio.sleep(self._latency)
        loop = asyncio.get_running_loop()
        response, skipped = await loop.run_in_executor(self._worker, self._respond_and_count, received)
        working = self._row_latency * response.rows + self._offset_latency * skipped
        if working:
            await asyncio.sleep(working)
        return response

    def _respond_and_count(self, received: HttpRequest) -> tuple[Response, int]:
        """Answer, and tell how many rows offsets have passed over for it."""
        before = self.portal.storage.skipped
        return self._respond(received), self.portal.storage.skipped - before

    def _respond(self, received: HttpRequest) -> Response:
        """Choose who answers by the path; runs in the worker's thread."""
        oauth_asked = self.portal.settings.oauth_name is not None and self.portal.oauth.is_asked(received)
        if received.path.startswith("/oauth/") or oauth_asked:
            return self.portal.oauth.answer(received) or _NO_PAGE
        if received.verb == "OPTIONS" and received.path.startswith("/rest/"):
            return Response(200, JSON, b"")
        if received.path.startswith("/rest/api/"):
            return self._rest_v3(received)
        address = request.parse_path(received.path)
        if address is None:
            return _NO_PAGE
        return self._call(request.read(address, received))

    def _rest_v3(self, received: HttpRequest) -> Response:
        """Version 3 of the REST API: everything under `/rest/api/` is its own."""
        if not self._has_v3:
            return _NO_PAGE
        return self.rest_v3.answer(received)

    def _note(self, method: str, params: Map, status: int, error: str | None, duration: float) -> None:
        """Tell the log of an answered call of version 3."""
        if self._log is not None:
            self._log(LoggedCall(method, params, status, error, duration))

    def _call(self, asked: request.ReceivedRequest) -> Response:
        started = time.perf_counter()
        status, error = 200, None
        content: Map | Response
        try:
            content = self.portal.answer(asked)
        except PortalError as refusal:
            status, error, content = refusal.status, refusal.code, refusal.body()
        except Exception:  # a fault of ours: the portal's own form for one, and the trace in our log
            import logging

            logging.getLogger(__name__).exception("the sandbox failed in %s", asked.method)
            fault = errors.internal()
            status, error, content = fault.status, fault.code, fault.body()
        if self._log is not None:
            self._log(LoggedCall(asked.method, asked.params, status, error, time.perf_counter() - started))
        application = None if asked.caller is None else asked.caller.application
        own = () if application is None else (("X-Bitrix-Rest-Application", application.client_id),)
        if isinstance(content, Response):
            return Response(content.status, content.content_type, content.body, (*own, *content.headers))
        text = answer.render(content, asked.format)
        return Response(status, answer.CONTENT_TYPES[asked.format], text, own, answer.rows_in(content))


def _webhooks(webhook: str) -> tuple[InboundWebhook, ...]:
    made = []
    for path, scopes in (
        (webhook, None),
        (USER_WEBHOOK, None),
        (SCOPE_USER_WEBHOOK, frozenset(("user",))),
    ):
        user, _, secret = path.partition("/")
        made.append(InboundWebhook(php.integer(user), secret, scopes))
    return tuple(made)


def _application(webhook: str, name: str | None, handler: str, scopes: frozenset[str] | None) -> RegisteredApplication:
    """The one application; the same portal has the same identity at every start."""
    from random import Random  # the seed has loaded it already, which a hash would still cost

    def digest(of: str) -> str:
        return f"{Random(f'{of}/{name}/{webhook}').getrandbits(128):032x}"  # noqa: S311 (a name, not a secret)

    return RegisteredApplication(
        "local.5f0c24b24a7d18.24242424",
        "SandboxSecretOfTheLocalApplication0123456789abcdef",
        digest("member"),
        digest("application"),
        handler,
        scopes,
    )


def _refused(refusal: PortalError) -> Response:
    return Response(refusal.status, JSON, answer.render(refusal.body(), "json"))


def _headers(seconds: float) -> tuple[tuple[str, str], ...]:
    spent = f"{seconds:.10f}"
    return (
        *answer.CORS_HEADERS,
        ("X-Bitrix-Rest-Time", spent),
        ("X-Bitrix-Rest-User-Time", spent),
        ("X-Bitrix-Rest-System-Time", "0.0000000000"),
    )
