"""The portal behind the HTTP layer: storage, methods, credentials, and the order of the checks of each call."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from b24_sandbox import answer, crm_types, errors, links
from b24_sandbox.answer import RowPage, Timing
from b24_sandbox.call import Call, split_start
from b24_sandbox.callers import InboundWebhook, PortalCaller, RegisteredApplication
from b24_sandbox.changes import Changes
from b24_sandbox.credentials import Credentials
from b24_sandbox.entities import ENTITIES
from b24_sandbox.entities.directories import CATEGORY, STATUS
from b24_sandbox.errors import PortalError
from b24_sandbox.event_sender import EventSender
from b24_sandbox.messages import Response
from b24_sandbox.methods import register_all
from b24_sandbox.operating_time import Accounting, OperatingTime
from b24_sandbox.php import Map, Value, integer, text
from b24_sandbox.registry import RegisteredMethod, Registry
from b24_sandbox.request import ReceivedRequest
from b24_sandbox.schema import Schema
from b24_sandbox.seed import seed
from b24_sandbox.storage import Storage
from b24_sandbox.v3 import SCOPES as REST_V3_SCOPES
from b24_sandbox.v3.tables import TABLES as REST_V3_TABLES

if TYPE_CHECKING:
    from b24_sandbox.executions import Executions
    from b24_sandbox.oauth import OAuthServer
    from b24_sandbox.world import Entity


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """How a portal behaves as a service.

    `token_lifetime` (OAuth access tokens) and `cost` (the duration reported for each call) are in seconds; with `cost`
    `None` the measured time is reported. `accounting` selects what a batch is charged to. `operating_limit` is the
    number of seconds in ten minutes after which a method is blocked. `allow_http` accepts webhooks over plain HTTP from
    other machines. `oauth_name` is a separate host name of the authorization server.
    """

    webhooks: tuple[InboundWebhook, ...]
    application: RegisteredApplication
    token_lifetime: float = 3600.0
    cost: float | None = None
    accounting: Accounting = "methods"
    operating_limit: float = 480.0
    allow_http: bool = False
    oauth_name: str | None = None


class SandboxPortal:
    """One portal: its methods, its records and its credentials.

    `scopes` are the scopes that exist on the portal; a test may narrow them, which narrows every credential. `clock`
    returns Unix seconds; every date the portal writes comes from it. `executions` is `None` until a log of executions
    is requested.
    """

    currency = "RUB"

    def __init__(
        self, db: str | os.PathLike[str], settings: SandboxSettings, *, empty: bool, clock: Callable[[], float]
    ) -> None:
        self.clock = clock
        self.settings = settings
        self.changes = Changes()
        self.registry = Registry()
        register_all(self.registry)
        self.scopes = frozenset((*self.registry.scopes(), *REST_V3_SCOPES))
        self.storage = Storage(db, ENTITIES)
        self.schema = Schema(self.storage)
        self.credentials = Credentials(
            self.storage, settings.webhooks, lambda: self.oauth, lambda: self.scopes, allow_http=settings.allow_http
        )
        self.executions: Executions | None = None
        self.events = EventSender(self, lambda: self.oauth, lambda: self.scopes)
        self._operating = OperatingTime(settings.accounting, settings.operating_limit)
        self._nonces = 0
        self._stages: dict[str, dict[str, str]] = {}
        if self.storage.new:
            seed(self.storage, clock(), empty=empty)
            if not empty:
                self.storage.start_ids(entity for entity in ENTITIES if entity not in REST_V3_TABLES)

    @cached_property
    def oauth(self) -> OAuthServer:
        """The authorization server, created on first use. Calls by webhook do not need it."""
        from b24_sandbox.oauth import OAuthServer

        settings = self.settings
        return OAuthServer(
            self.storage,
            settings.application,
            lambda: self.scopes,
            self.clock,
            settings.token_lifetime,
            settings.oauth_name,
        )

    def close(self) -> None:
        """Stop the delivery of events and close the database."""
        self.events.deliveries.close()
        self.storage.close()

    def crm_entities(self) -> list[Entity]:
        """See `World.crm_entities`."""
        numbers = (*crm_types.BASES, *crm_types.type_numbers(self))
        return [entity for number in numbers if (entity := crm_types.base_entity(self, number)) is not None]

    def stages(self, directory: str) -> dict[str, str]:
        """The stages of a directory in order: code -> `P` (in work), `S` (success) or `F` (failure)."""
        if directory not in self._stages:
            rows = self.storage.rows(STATUS, ["STATUS_ID", "SEMANTICS"], "ENTITY_ID = ?", [directory], "SORT, ID")
            self._stages[directory] = {text(row["STATUS_ID"]): text(row["SEMANTICS"]) or "P" for row in rows}
        return self._stages[directory]

    def stages_changed(self) -> None:
        """Clear the cached stages after one was added, changed or removed."""
        self._stages.clear()

    def category_ids(self) -> list[int]:
        """The ids of deal pipelines."""
        return [integer(row["ID"]) for row in self.storage.rows(CATEGORY, ["ID"], "ENTITY_TYPE_ID = 2")]

    @staticmethod
    def deal_directory(category: int) -> str:
        """The name of the directory with a pipeline's stages."""
        return f"DEAL_STAGE_{category}" if category else "DEAL_STAGE"

    @property
    def link_key(self) -> str:
        """The key that signs links."""
        return self.settings.application.application_token

    def next_nonce(self) -> str:
        """A number that no earlier signed link contains."""
        self._nonces += 1
        return str(self._nonces)

    def answer(self, request: ReceivedRequest) -> Map | Response:
        """Return the body of the answer to a call, or a complete response.

        The checks have the portal's order: the method exists, the credentials are valid, the signed link is valid, the
        operating limit is not reached.

        Raises:
            PortalError: for a refusal.
        """
        method = self._find(request.method)
        caller = request.caller = self.credentials.identify(
            request.login, request.secret, request.access_token, secure=request.secure
        )
        self.events.connector = request.connector
        if request.link is not None or method.name in links.LINKS:
            return self._linked(method, request, caller)
        if method.scope and method.scope not in caller.scopes:
            raise errors.insufficient_scope(_token_word(caller))
        page, timing = self._run(method, request.params, caller, request)
        if isinstance(page.result, Response):
            return page.result
        if isinstance(page.result, dict) and page.result.get("error") and page.result.get("error_description"):
            return page.result  # an array with an error in it is sent unchanged, with status 200
        return answer.envelope(page, timing)

    def perform(self, name: str, params: Map, outer: Call) -> tuple[RowPage, Timing]:
        """Run a command of a batch with the credentials of the batch."""
        method = self._find(name)
        if not outer.grants(method):
            raise errors.insufficient_scope()
        page, timing = self._run(method, params, outer.caller, outer, inside_batch=True)
        if isinstance(page.result, Response):
            raise errors.unexpected_answer()
        return page, timing

    def timed(
        self, method: str, caller: PortalCaller, params: Map, run: Callable[[], Value], *, inside_batch: bool = False
    ) -> tuple[Value, Timing]:
        """Run the body of a method under the operating limit and log the execution. Return its result and its timing.

        Every version of the REST API runs its methods through this function.

        Raises:
            PortalError: 429 `OPERATION_TIME_LIMIT` before anything runs, or the error of `run`.
        """
        started, ticking = self.clock(), time.perf_counter()
        self.events.token = "" if caller.application is None else caller.secret
        charged = self._operating.charges(method, inside_batch)
        if charged and self._operating.exhausted(caller.credential, method, started):
            raise errors.operating_limit()
        failure: str | None = "INTERNAL_SERVER_ERROR"
        duration, spent, reset_at = 0.0, 0.0, None
        try:
            result = run()
            failure = None
        except PortalError as refusal:
            failure = refusal.code
            raise
        finally:
            measured = time.perf_counter() - ticking
            duration = measured if self.settings.cost is None else self.settings.cost
            if charged:
                spent, reset_at = self._operating.charge(caller.credential, method, started, duration)
            if self.executions is not None:
                self.executions.note(method, params, failure)
        return result, Timing(started, duration, spent, reset_at)

    def _find(self, name: str) -> RegisteredMethod:
        method = self.registry.find(name)
        if method is None:
            raise errors.method_not_found()
        return method

    def _linked(self, method: RegisteredMethod, request: ReceivedRequest, caller: PortalCaller) -> Map | Response:
        """Answer a signed link. Its permissions were decided when it was created."""
        scope, params = links.opened(request.link or "", method.name, caller, self.link_key)
        behind = self.registry.linked(method.name, scope) if method.name in links.LINKS else method
        if behind is None:
            raise errors.method_not_found()
        page, timing = self._run(behind, params, caller, request)
        if isinstance(page.result, Response):
            return page.result
        return {"result": page.result} if method.name == "upload" else answer.envelope(page, timing)

    def _run(
        self,
        method: RegisteredMethod,
        params: Map,
        caller: PortalCaller,
        source: ReceivedRequest | Call,
        *,
        inside_batch: bool = False,
    ) -> tuple[RowPage, Timing]:
        start, rest = split_start(params)
        call = Call(self, method, caller, rest, start, source.base, source.files)
        method.admit(call)
        result, timing = self.timed(method.name, caller, params, lambda: method.run(call), inside_batch=inside_batch)
        return answer.as_page(result), timing


def _token_word(caller: PortalCaller) -> str:
    return "webhook" if caller.kind == "webhook" else "access"
