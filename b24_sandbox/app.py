"""The sandbox as an ASGI application. It handles HTTP and does not know what methods mean."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from b24_sandbox import answer, errors, php, request
from b24_sandbox.callers import InboundWebhook, RegisteredApplication
from b24_sandbox.errors import PortalError
from b24_sandbox.limits import Plan, RequestBucket
from b24_sandbox.messages import (
    HTML,
    JSON,
    HttpRequest,
    Receive,
    Response,
    Scope,
    Send,
    answer_lifespan,
    ranged,
    read_request,
    send_response,
)
from b24_sandbox.operating_time import Accounting
from b24_sandbox.php import Map
from b24_sandbox.portal import SandboxPortal, SandboxSettings
from b24_sandbox.stored_files import STORAGE_PATH, DownloadStorage, is_file

if TYPE_CHECKING:
    from pathlib import Path

    from b24_sandbox.control import Control
    from b24_sandbox.faults import Faults
    from b24_sandbox.v3 import RestV3

DEMO_WEBHOOK = "1/sandboxdemocode"
USER_WEBHOOK = "4/sandboxusercode"
"""The webhook of a seller without administrator rights."""
SCOPE_USER_WEBHOOK = "1/sandboxscopecode"
"""A webhook of the administrator with the scope `user` only."""

_NO_PAGE = Response(
    404, HTML, b"<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>"
)

_TOO_LARGE = Response(
    413, HTML, b"<html><head><title>413 Request Entity Too Large</title></head><body><h1>413</h1></body></html>"
)


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One answered call, without secrets. `error` is the error code, `None` on success; `duration` is in seconds."""

    method: str
    params: Map
    status: int
    error: str | None
    duration: float


class Sandbox:
    """A Bitrix24 portal in this process.

    Data: `db` is a file, or `":memory:"`. A file keeps its data between runs and is filled with the demonstration
    company only when it is new. `empty` leaves the company out: one administrator and the stages remain. `deals` adds
    plain deals up to this number, for measurements. `clock` returns Unix seconds.

    Credentials: `webhook` is the user id and the code of the administrator's webhook. The portal also has a webhook of
    an ordinary user (`USER_WEBHOOK`), one of narrow scope (`SCOPE_USER_WEBHOOK`) and an OAuth application.
    `token_lifetime` of access tokens is in seconds. `handler` is where the browser is sent after consent. `app_scopes`
    are the scopes of the application (`None`: all). `allow_http` accepts webhooks over plain HTTP from other machines.

    Addresses: `name` replaces the host in addresses the portal writes. `oauth_name` is a host name under which only the
    authorization server answers. `v3` false creates a portal without REST 3.0.

    Limits and time: `plan` sets the rate limit. `latency` is a delay per request, `row_latency` per list row, and
    `offset_latency` per row skipped by an offset, all in seconds; a delay does not block other requests. `cost` is the
    reported duration of every call in seconds (`None`: measured). `accounting` selects what a batch is charged to.
    `operating_limit` is how many seconds a method may run in ten minutes.

    Files: with `storage` downloads redirect to this address of the sandbox, such as one with another host name, as the
    cloud redirects to its storage. `largest_request` is in bytes; a larger one is refused with status 413.

    Observation: `log` is called with every answered call. `control` adds `/sandbox/faults` and `/sandbox/log` over
    HTTP; `faults` works without it. While the sandbox is served with TLS, `ca` is the certificate file that clients
    must trust.
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
        storage: str | None = None,
        largest_request: int | None = None,
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
        self._storage, self._stored = storage, DownloadStorage()
        self._largest_request = largest_request
        if deals:
            from b24_sandbox.seed.load import load_deals  # used for measurements only

            load_deals(self.portal.storage, clock(), deals)
        self._latency, self._row_latency, self._offset_latency = latency, row_latency, offset_latency
        self._bucket = RequestBucket(plan, clock)
        self._faults: Faults | None = None
        self._control: Control | None = None
        self._v3: RestV3 | None = None
        if control:
            from b24_sandbox import control as addresses  # used only when requested
            from b24_sandbox import executions

            self.portal.executions = executions.Executions()
            self._control = addresses.Control(self.faults, self.portal.executions)
        from concurrent.futures import ThreadPoolExecutor  # imports logging, which importing the sandbox does not need

        # One thread: the caller's event loop never waits for the database, and calls never overlap in it.
        self._worker = ThreadPoolExecutor(1, "b24-sandbox")

    @property
    def faults(self) -> Faults:
        """The faults that tests inject."""
        if self._faults is None:
            from b24_sandbox.faults import Faults

            self._faults = Faults()
        return self._faults

    @property
    def rest_v3(self) -> RestV3:
        """Version 3 of the REST API with its optional features."""
        if self._v3 is None:
            from b24_sandbox.v3 import RestV3  # clients of version 2 do not need it

            self._v3 = RestV3(self.portal, self._note)
        return self._v3

    def webhook_url(self, base: str, webhook: str | None = None) -> str:
        """The address of a webhook under `base` with a trailing slash. The default is the administrator's webhook."""
        return f"{base.rstrip('/')}/rest/{self.webhook if webhook is None else webhook}/"

    def close(self) -> None:
        """Finish the running calls, then stop the worker thread and close the database."""
        self._worker.shutdown()
        self.portal.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI scope (`http` or `lifespan`)."""
        if scope["type"] == "lifespan":
            await answer_lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            raise RuntimeError(f"The sandbox does not support the ASGI scope {scope['type']}")

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        received = await read_request(scope, receive, self.name)
        if received is None:
            return
        if self._largest_request is not None and len(received.body) > self._largest_request:
            await send_response(send, _TOO_LARGE, ())
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
            from b24_sandbox.fault_injection import apply_fault  # used only when a test injects a fault

            answered = await apply_fault(fault, received, self._answer, receive, send)
            if answered is None:
                return
            response = answered
        await send_response(send, response, _headers(time.perf_counter() - started))

    async def _answer(self, received: HttpRequest) -> Response:
        import asyncio  # already loaded by a server; a lazy import keeps the import of the sandbox fast

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
        """Return the response and the number of rows skipped by offsets."""
        before = self.portal.storage.skipped
        return self._respond(received), self.portal.storage.skipped - before

    def _respond(self, received: HttpRequest) -> Response:
        """Select the handler by the path and answer. Runs in the worker thread."""
        oauth_asked = self.portal.settings.oauth_name is not None and self.portal.oauth.is_asked(received)
        if received.path.startswith("/oauth/") or oauth_asked:
            return self.portal.oauth.answer(received) or _NO_PAGE
        if received.verb == "OPTIONS" and received.path.startswith("/rest/"):
            return Response(200, JSON, b"")
        if received.path.startswith(STORAGE_PATH):
            return ranged(self._stored.answer(received) or _NO_PAGE, received.headers)
        if received.path.startswith("/rest/api/"):
            return self._rest_v3(received)
        address = request.parse_path(received.path)
        if address is None:
            return _NO_PAGE
        response = self._call(request.read(address, received))
        if self._storage is not None and is_file(response):
            return self._stored.redirect(response, self._storage)
        return ranged(response, received.headers)

    def _rest_v3(self, received: HttpRequest) -> Response:
        """Answer a request of REST 3.0: every path under `/rest/api/`."""
        if not self._has_v3:
            return _NO_PAGE
        return self.rest_v3.answer(received)

    def _note(self, method: str, params: Map, status: int, error: str | None, duration: float) -> None:
        """Log an answered call of version 3."""
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
        except Exception:  # a defect of the sandbox: answer like the portal's internal error and log the trace
            import logging

            logging.getLogger(__name__).exception("The sandbox failed in %s", asked.method)
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
    """The only application. The same portal has the same identity at every start."""
    from random import Random  # already loaded by the seed, unlike a hash

    def digest(of: str) -> str:
        return f"{Random(f'{of}/{name}/{webhook}').getrandbits(128):032x}"  # noqa: S311 (an identifier, not a secret)

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
