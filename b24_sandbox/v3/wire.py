"""REST 3.0 over HTTP: two addresses, JSON only, no suffixes.

`/rest/api/{method}` with a token, `/rest/api/{user}/{secret}/{method}` for a webhook; a trailing slash is allowed.
Documentation: api-reference/rest-v3.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from b24_sandbox import answer as bodies
from b24_sandbox import php
from b24_sandbox.callers import access_token_of
from b24_sandbox.messages import HTML, JSON, Headers, HttpRequest, Response
from b24_sandbox.php import Map
from b24_sandbox.v3 import errors
from b24_sandbox.v3.service import Service, ServiceAnswer, ServiceCall

if TYPE_CHECKING:
    from b24_sandbox.callers import PortalCaller

_NO_PAGE = Response(404, HTML, b"<html><head><title>404 Not Found</title></head><body></body></html>")


Log = Callable[[str, Map, int, str | None, float], None]
"""Method, parameters, status, error code or `None`, seconds."""


def answer(service: Service, received: HttpRequest, log: Log | None = None) -> Response:
    """Answer one request. A defect of the sandbox becomes the portal's internal error, and its trace is logged."""
    place = [unquote(segment) for segment in received.path.removeprefix("/rest/api/").split("/")]
    if place[-1] == "":
        place.pop()
    if len(place) not in (1, 3):
        return _NO_PAGE
    login, secret = (place[0], place[1]) if len(place) == 3 else ("", "")
    asked = ServiceCall(
        place[-1],
        received.verb,
        received.headers.get("content-type", ""),
        received.body,
        received.headers.get("idempotency-key"),
    )
    shown: list[PortalCaller] = []
    started = time.perf_counter()

    def identify() -> PortalCaller:
        caller = service.portal.credentials.identify(login, secret, _token(received), secure=received.secure)
        shown.append(caller)
        return caller

    try:
        answered = service.answer(asked, identify)
    except Exception:
        logging.getLogger(__name__).exception("The sandbox failed in %s", asked.method)
        fault = errors.internal()
        answered = ServiceAnswer(fault.status, bodies.render(fault.body(), "json"), (), fault.code)
    if log is not None:
        params = php.as_map(answered.params)
        log(asked.method, params, answered.status, answered.error, time.perf_counter() - started)
    return Response(answered.status, JSON, answered.body, (*_application(shown), *answered.headers), answered.rows)


def _application(shown: list[PortalCaller]) -> Headers:
    application = shown[0].application if shown else None
    return () if application is None else (("X-Bitrix-Rest-Application", application.client_id),)


def _token(received: HttpRequest) -> str:
    """The access token of the header, else of the address, else of the body."""
    return access_token_of(
        received.headers.get("authorization", ""), {**_body(received), **php.parse_query(received.query)}
    )


def _body(received: HttpRequest) -> Map:
    if received.verb != "POST" or not received.body.lstrip().startswith(b"{"):
        return {}
    try:
        return php.as_map(json.loads(received.body))
    except (ValueError, RecursionError):
        return {}
