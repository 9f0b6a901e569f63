"""The portal behind the wire: storage, methods, credentials, and the order of checks every call passes."""

import os
import time
from collections.abc import Callable

from b24_mcp.sandbox import answer, errors
from b24_mcp.sandbox.answer import Page, Timing
from b24_mcp.sandbox.call import Call, split_start
from b24_mcp.sandbox.changes import Changes
from b24_mcp.sandbox.entities import ENTITIES
from b24_mcp.sandbox.entities.directories import CATEGORY, STATUS
from b24_mcp.sandbox.entities.staff import USER
from b24_mcp.sandbox.methods import register_all
from b24_mcp.sandbox.operating import Operating
from b24_mcp.sandbox.php import Map, integer, text
from b24_mcp.sandbox.registry import Method, Registry
from b24_mcp.sandbox.request import Request
from b24_mcp.sandbox.seed import seed
from b24_mcp.sandbox.storage import Storage


class Portal:
    """One portal with one incoming webhook. ``scopes`` may be narrowed to what a webhook was given.

    ``clock`` gives Unix seconds; every date the portal writes comes from it.
    """

    currency = "RUB"

    def __init__(self, db: str | os.PathLike[str], webhook: str, *, empty: bool, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.changes = Changes()
        self.registry = Registry()
        register_all(self.registry)
        self.scopes = frozenset(self.registry.scopes())
        self.storage = Storage(db, ENTITIES)
        self._user, _, self._secret = webhook.partition("/")
        self._operating = Operating()
        self._stages: dict[str, dict[str, str]] = {}
        if self.storage.new:
            seed(self.storage, clock(), empty=empty)

    def close(self) -> None:
        """Let go of the database."""
        self.storage.close()

    def stages(self, directory: str) -> dict[str, str]:
        """Stages of a directory in order: code -> ``P`` (in work), ``S`` (success) or ``F`` (failure)."""
        if directory not in self._stages:
            rows = self.storage.rows(STATUS, ["STATUS_ID", "SEMANTICS"], "ENTITY_ID = ?", [directory], "SORT, ID")
            self._stages[directory] = {text(row["STATUS_ID"]): text(row["SEMANTICS"]) or "P" for row in rows}
        return self._stages[directory]

    def category_ids(self) -> list[int]:
        """Ids of deal pipelines."""
        return [integer(row["ID"]) for row in self.storage.rows(CATEGORY, ["ID"])]

    @staticmethod
    def deal_directory(category: int) -> str:
        """The directory of a pipeline's stages."""
        return f"DEAL_STAGE_{category}" if category else "DEAL_STAGE"

    def grants(self, method: Method) -> bool:
        """Whether the webhook's scopes cover a method."""
        return not method.scope or method.scope in self.scopes

    def answer(self, request: Request) -> Map:
        """The body of the answer to a call; raises :class:`PortalError` for what is refused.

        Existence comes before credentials, credentials before the check of signed links, as on the portal.
        """
        method = self._find(request.method)
        user = self._authenticate(request)
        if not self.grants(method):
            raise errors.insufficient_scope()
        if request.token_link:
            raise errors.link_check_failed()
        page, timing = self._run(method, request.params, user)
        if isinstance(page.result, dict) and page.result.get("error") and page.result.get("error_description"):
            return page.result  # an array with an error in it is sent as it is, with status 200
        return answer.envelope(page, timing)

    def perform(self, name: str, params: Map, outer: Call) -> tuple[Page, Timing]:
        """Run a command of a batch with the credentials of the batch."""
        method = self._find(name)
        if not self.grants(method):
            raise errors.insufficient_scope()
        return self._run(method, params, outer.user)

    def _find(self, name: str) -> Method:
        method = self.registry.find(name)
        if method is None:
            raise errors.method_not_found()
        return method

    def _authenticate(self, request: Request) -> int:
        """The user a call acts as; a login name is as good as an id."""
        if not request.login and not request.secret:
            raise errors.no_credentials()
        user = integer(self._user)
        logins = [self._user]
        person = self.storage.row(USER, user)
        if person is not None:
            logins.append(text(person["EMAIL"]))
        if request.secret != self._secret or request.login not in logins:
            raise errors.wrong_webhook()
        return user

    def _run(self, method: Method, params: Map, user: int) -> tuple[Page, Timing]:
        started, ticking = self.clock(), time.perf_counter()
        start, rest = split_start(params)
        page = answer.lifted(method.run(Call(self, method, user, rest, start)))
        duration = time.perf_counter() - ticking
        return page, Timing(started, duration, self._operating.charge(method.name, started, duration))
