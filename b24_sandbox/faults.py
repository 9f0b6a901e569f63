"""Faults between a client and a portal, injected on request and counted.

`fail("crm.deal.add", "cut_after")` breaks the next call of that method. The name is a glob that is matched against the
method of the request (`batch` for a batch, whatever it contains; `oauth.token` for the authorization server).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, get_args

from b24_sandbox import errors, php
from b24_sandbox.errors import PortalError
from b24_sandbox.messages import HTML, JSON, HttpRequest, Response

Kind = Literal[
    "503",
    "429",
    "500",
    "160",
    "error_list",
    "html",
    "cut_before",
    "cut_after",
    "cut_while_working",
    "truncated",
    "stray_bytes",
    "slow",
    "keyed_lists",
    "moved",
]
"""What happens instead of the answer, or to the answer:

`503` `QUERY_LIMIT_EXCEEDED`, `429` `OPERATION_TIME_LIMIT`, `500` `INTERNAL_SERVER_ERROR`: JSON answers, the method does
not run. `160`: a JSON error with the informational status that the documentation of `crm.category.*` names, the method
does not run. `error_list`: status 200 with `{"status": "error", "errors": [{"message", "code"}]}`, the method does not
run. `html`: a 502 page of the front end, the method does not run. `cut_before`: the connection is closed, the method
does not run. `cut_after`: the method runs, then the connection is closed without a byte. `cut_while_working`: the
connection is closed at once, the method runs after a delay. `truncated`: the method runs, half of the body is sent,
then the connection is closed. `stray_bytes`: the method runs and is answered, followed by the bytes of a second answer.
`slow`: the method runs and is answered after a delay. `keyed_lists`: the method runs, lists of records are answered as
objects by id, as PHP sends lists with gaps. `moved`: 302 to another host, the method does not run.
"""

KINDS: tuple[str, ...] = get_args(Kind)

_ERROR_LIST: php.Map = {
    "status": "error",
    "data": None,
    "errors": [{"message": "Element not found", "code": "NOT_FOUND", "customData": None}],
}
_PAGE = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><h1>502 Bad Gateway</h1></body>\r\n</html>\r\n"


def _informational() -> PortalError:
    return PortalError("NOT_FOUND", "SPA not found", 160)


@dataclass(slots=True)
class InjectedFault:
    """One injected fault. `times` `None`: until cleared. `seconds` is the delay of the kinds with a delay.

    `target` is the scheme and host of `moved`.
    """

    method: str
    kind: Kind
    times: int | None = 1
    seconds: float = 1.0
    target: str = "https://moved.example.com"

    @property
    def runs(self) -> bool:
        """Whether the method runs despite the fault."""
        return self.kind in ("cut_after", "truncated", "stray_bytes", "slow", "keyed_lists")

    def response(self, request: HttpRequest) -> Response | None:
        """The response instead of the real one; `None` for kinds without such a response."""
        if self.kind == "html":
            return Response(502, HTML, _PAGE)
        if self.kind == "moved":
            query = f"?{request.query}" if request.query else ""
            return Response(302, HTML, b"", (("Location", f"{self.target}{request.path}{query}"),))
        refusals: dict[str, Callable[[], PortalError]] = {
            "503": errors.too_many_requests,
            "429": errors.operating_limit,
            "500": errors.internal,
            "160": _informational,
        }
        if self.kind == "error_list":
            return Response(200, JSON, php.json_text(_ERROR_LIST).encode())
        return refused(refusals[self.kind]()) if self.kind in refusals else None


class Faults:
    """The injected faults, matched in the order of injection."""

    def __init__(self) -> None:
        self.waiting: list[InjectedFault] = []

    def fail(
        self,
        method: str,
        kind: Kind,
        times: int | None = 1,
        *,
        seconds: float = 1.0,
        target: str = "https://moved.example.com",
    ) -> None:
        """Break the next `times` calls of methods that match the glob `method`.

        Raises:
            ValueError: for an unknown kind.
        """
        if kind not in KINDS:
            raise ValueError(f"Unknown kind of fault: {kind}. Known kinds: {', '.join(KINDS)}.")
        self.waiting.append(InjectedFault(method.lower(), kind, times, seconds, target))

    def clear(self) -> None:
        """Remove all injected faults."""
        self.waiting.clear()

    def take(self, method: str) -> InjectedFault | None:
        """Return the fault for this call and count it as used."""
        for fault in self.waiting:
            if fnmatchcase(method.lower(), fault.method):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.waiting.remove(fault)
                return fault
        return None

    def inject(self, body: php.Map) -> Response:
        """Inject a fault from an HTTP request: `{"method", "kind", "times"?, "seconds"?, "target"?}`."""
        times = body.get("times", 1)
        target = php.text(body.get("target")) or "https://moved.example.com"
        kind = php.text(body.get("kind"))
        if kind not in KINDS or not body.get("method"):
            kinds = ", ".join(KINDS)
            return refused(errors.wrong_argument(f"`method` and `kind` are required. Kinds: {kinds}.", "kind"))
        self.fail(
            php.text(body["method"]),
            kind,  # type: ignore[arg-type]  # checked against the kinds above
            None if times is None else php.integer(times),
            seconds=float(php.text(body.get("seconds", 1))),
            target=target,
        )
        return Response(200, JSON, php.json_text({"waiting": len(self.waiting)}).encode())


def refused(refusal: PortalError) -> Response:
    """A refusal of the front end: always JSON, whatever format was requested."""
    return Response(refusal.status, JSON, php.json_text(refusal.body()).encode())
