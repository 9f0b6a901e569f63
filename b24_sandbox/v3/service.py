"""The REST 3.0 of a portal: its methods, and the order of the checks of each call.

The method must exist (404), the credentials must be valid (401), the method must not be blocked (429), its scope must
be granted (403). Then the body is parsed, and the method checks its parameters. Documentation: api-reference/rest-v3,
and source behaviour of the portal.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from b24_sandbox import answer, php
from b24_sandbox.entities.tasks import TASK
from b24_sandbox.errors import PortalError
from b24_sandbox.php import Map, Value
from b24_sandbox.v3 import batch, documentation, errors, eventlog, families, seed, strict
from b24_sandbox.v3.context import Context, granted
from b24_sandbox.v3.idempotency import StoredReply, entry
from b24_sandbox.v3.method import ServiceMethod

if TYPE_CHECKING:
    from b24_sandbox.call import CallWorld
    from b24_sandbox.callers import PortalCaller

ALIASES = {"documentation": "rest.documentation.openapi", "scopes": "rest.scope.list"}
_SECRETS = ("auth", "access_token")
_DEEPEST = 128
_DEEPEST_BATCH = 10


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """A call before any check: names and bytes as received."""

    method: str
    verb: str
    content_type: str = ""
    body: bytes = b""
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """The answer to a call.

    `error` is the code and `params` are the parsed parameters, both for logs. `rows` is the number of list rows in the
    body.
    """

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    error: str | None = None
    params: Value = None
    rows: int = 0


class Service:
    """The methods of REST 3.0 and their execution. `idempotency` and `aggregate` are features that only some portals
    have.
    """

    def __init__(self, portal: CallWorld) -> None:
        self.idempotency = True
        self.aggregate = False
        self.portal = portal
        seed.fill(portal.storage, portal.clock(), company=portal.storage.count(TASK) > 0)
        portal.changes.subscribe(lambda change: eventlog.log_change(portal.storage, portal.clock(), change))
        own = [
            ServiceMethod("batch", "", _unreachable, "object", "Several calls in one", writes=True),
            ServiceMethod("rest.scope.list", "", self._scopes, "object", "Scopes of methods", params=_SCOPE_FILTERS),
            ServiceMethod("rest.documentation.openapi", "", self._openapi, "document", "This document"),
        ]
        self._methods = {method.name: method for method in (*families.METHODS, *own)}

    @property
    def methods(self) -> list[ServiceMethod]:
        """All current methods."""
        return [method for method in self._methods.values() if self.aggregate or not method.optional]

    def add(self, method: ServiceMethod) -> None:
        """Add a method, or replace the one with its name."""
        self._methods[method.name] = method

    def remove(self, name: str) -> None:
        """Remove a method."""
        del self._methods[name]

    def find(self, name: str) -> ServiceMethod:
        """Find a method by its exact name.

        Raises:
            ApiError: 404 when it does not exist.
        """
        method = self._methods.get(ALIASES.get(name, name))
        if method is None or (method.optional and not self.aggregate):
            raise errors.method_not_found(name)
        return method

    def answer(self, asked: ServiceCall, identify: Callable[[], PortalCaller]) -> ServiceAnswer:
        """Answer a call. `identify` returns the caller or raises `PortalError`."""
        params: Value = None
        try:
            method = self.find(asked.method)
            context = Context(self.portal, _identified(identify))
            admit(method, context)
            params = read_body(asked, method)
            stored = self._entry(asked, method, context, params)
            replay = None if stored is None else stored.stored(context)
            if stored is not None and replay is not None:
                headers = (("Idempotency-Key", stored.key), ("Idempotent-Replayed", "true"))
                return ServiceAnswer(200, replay, headers, None, params)
            content = self._answered(method, context, params)
            body, rows = answer.render(content, "json"), answer.rows_in(content)
            if stored is None:
                return ServiceAnswer(200, body, (), None, params, rows)
            stored.store(context, body)
            return ServiceAnswer(200, body, (("Idempotency-Key", stored.key),), None, params, rows)
        except PortalError as refusal:
            refusal = translated(refusal)
            return ServiceAnswer(refusal.status, answer.render(refusal.body(), "json"), (), refusal.code, params)

    def _entry(self, asked: ServiceCall, method: ServiceMethod, context: Context, params: Value) -> StoredReply | None:
        if asked.idempotency_key is None or not method.writes or not self.idempotency:
            return None
        return entry(asked.idempotency_key, context, method.name, params)

    def _answered(self, method: ServiceMethod, context: Context, params: Value) -> Map:
        """The complete body of a successful answer."""

        def run() -> Value:
            return self._run(method, context, params, 0)

        noted = php.as_map(params)
        result, timing = self.portal.timed(method.name, context.caller, noted, run)
        if method.answer == "document":
            return php.as_map(result)
        return {"result": result, "time": timing.block()}

    def _run(self, method: ServiceMethod, context: Context, params: Value, depth: int) -> Value:
        if method.name != "batch":
            return method.run(context, params if isinstance(params, dict) else {})
        if depth > _DEEPEST_BATCH:
            raise errors.invalid_batch("Batches are nested too deeply")

        def perform(inner: ServiceMethod, query: Value) -> Value:
            admit(inner, context)
            if inner.name == "batch":
                return self._run(inner, context, query, depth + 1)
            return self._noted(inner, context, query)

        return list(batch.run(batch.read(params, self.find), perform))

    def _noted(self, method: ServiceMethod, context: Context, query: Value) -> Value:
        """Run a call of a batch. Its time is not charged, because the portal charges only the batch around it."""
        failure: str | None = "INTERNAL_SERVER_ERROR"
        try:
            result = method.run(context, query if isinstance(query, dict) else {})
            failure = None
        except PortalError as refusal:
            failure = refusal.code
            raise
        finally:
            if self.portal.executions is not None:
                self.portal.executions.note(method.name, php.as_map(query), failure)
        return result

    def _scopes(self, context: Context, params: Map) -> Value:
        return documentation.scopes(self.methods, params)

    def _openapi(self, context: Context, params: Map) -> Value:
        return documentation.openapi(self.methods)


_SCOPE_FILTERS = {"filterModule": "string", "filterController": "string", "filterMethod": "string"}


def _unreachable(context: Context, params: Map) -> Value:
    raise AssertionError("a batch is run by the service")


def _identified(identify: Callable[[], PortalCaller]) -> PortalCaller:
    """Identify the caller. Every failure of authentication becomes the same error."""
    try:
        return identify()
    except PortalError:
        raise errors.access_denied(401) from None


def admit(method: ServiceMethod, context: Context) -> None:
    """Refuse a caller without the scope of a method, or without administrator rights where it requires them."""
    if not granted(context.caller, method.scope):
        raise errors.insufficient_scope(method.scope)
    if method.admin and not context.admin:
        raise errors.access_denied()


def translated(refusal: PortalError) -> PortalError:
    """Convert an error of the rest of the portal to the form of REST 3.0."""
    if isinstance(refusal, errors.ApiError):
        return refusal
    if refusal.status == 429:
        return errors.refusal("RATELIMITEXCEPTION", refusal.description, 429)
    return errors.refusal("LOGICEXCEPTION", refusal.description)


def read_body(asked: ServiceCall, method: ServiceMethod) -> Value:
    """Decode the body: an object or an array. Invalid JSON is refused.

    Only a POST has a body. An empty POST is accepted for methods that require no parameters by design: the
    documentation methods. A credential in the body is not a parameter of a method. In a batch it turns the array into
    an object and stays in it.
    """
    if asked.verb != "POST" or (not asked.body.strip() and method.name.startswith("rest.")):
        return {}
    kind = asked.content_type.partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise errors.invalid_json()
    value = _decoded(asked.body)
    if not isinstance(value, dict):
        return value
    if method.name == "batch":  # the key stays, the secret is removed: logs see the returned value
        return {name: "" if name in _SECRETS else item for name, item in value.items()}
    return {name: item for name, item in value.items() if name not in _SECRETS}


def _decoded(body: bytes) -> Value:
    try:
        value: Value = json.loads(body.decode("utf-8"), parse_int=_number, parse_constant=_refuse)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # half of a surrogate pair is not valid text
    except (ValueError, RecursionError):
        raise errors.invalid_json() from None
    if not php.is_array(value) or _deeper(value, _DEEPEST):
        raise errors.invalid_json()
    return value


def _number(text: str) -> int | float:
    """Parse a number. Numbers beyond 64 bits are floats, as in PHP."""
    if len(text) > 20:
        return float(text)
    return int(text) if strict.is_int(int(text)) else float(text)


def _refuse(text: str) -> float:
    raise ValueError(text)


def _deeper(value: Value, deepest: int) -> bool:
    """Whether arrays are nested deeper than PHP reads, or numbers are too large for it."""
    level = [value]
    for _ in range(deepest):
        level = [inner for item in level for inner in (php.as_list(item) if php.is_array(item) else ())]
        if any(isinstance(item, float) and math.isinf(item) for item in level):
            return True
        level = [item for item in level if php.is_array(item)]
        if not level:
            return False
    return True
