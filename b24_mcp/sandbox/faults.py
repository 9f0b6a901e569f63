"""Faults between a client and a portal, on demand and counted.

`fail("crm.deal.add", "cut_after")` breaks the next call of that method. The name is matched as a glob against the
method of the request (`batch` for a batch, whatever is inside; `oauth.token` for the authorization server).
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, get_args

from b24_mcp.sandbox import errors, php
from b24_mcp.sandbox.errors import PortalError
from b24_mcp.sandbox.messages import HTML, JSON, HttpRequest, Response

Kind = Literal[
    "503",
    "429",
    "500",
    "html",
    "cut_before",
    "cut_after",
    "cut_while_working",
    "truncated",
    "stray_bytes",
    "slow",
    "moved",
]
"""What happens instead of, or around, the answer:

`503` `QUERY_LIMIT_EXCEEDED`, `429` `OPERATION_TIME_LIMIT`, `500` `INTERNAL_SERVER_ERROR`, all as JSON and
without running the method; `html`: a front end's 502 page, not run; `cut_before`: closed, not run;
`cut_after`: run, then closed without a byte; `cut_while_working`: closed at once, and run after a wait;
`truncated`: run, half of the body, then closed; `stray_bytes`: run and answered, with the bytes of a second answer
behind it; `slow`: run and answered after a wait; `moved`: 302 to another host, not run.
"""

KINDS: tuple[str, ...] = get_args(Kind)

_PAGE = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><h1>502 Bad Gateway</h1></body>\r\n</html>\r\n"


@dataclass(slots=True)
class InjectedFault:
    """One fault in waiting. `times` `None`: until cleared. `seconds` is the wait of those that wait.

    `target` is scheme and host of `moved`.
    """

    method: str
    kind: Kind
    times: int | None = 1
    seconds: float = 1.0
    target: str = "https://moved.example.com"

    @property
    def runs(self) -> bool:
        """Whether the method runs all the same."""
        return self.kind in ("cut_after", "truncated", "stray_bytes", "slow")

    def response(self, request: HttpRequest) -> Response | None:
        """The answer in place of the real one; `None` when there is no such answer."""
        if self.kind == "html":
            return Response(502, HTML, _PAGE)
        if self.kind == "moved":
            query = f"?{request.query}" if request.query else ""
            return Response(302, HTML, b"", (("Location", f"{self.target}{request.path}{query}"),))
        refusals = {
            "503": errors.too_many_requests,
            "429": errors.operating_limit,
            "500": errors.internal,
        }
        return refused(refusals[self.kind]()) if self.kind in refusals else None


class Faults:
    """Faults in waiting, first come first served."""

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
        """Break the next `times` calls of methods matching the glob `method`; `ValueError` for a wrong kind."""
        if kind not in KINDS:
            raise ValueError(f"{kind} is no kind of fault; there are {', '.join(KINDS)}")
        self.waiting.append(InjectedFault(method.lower(), kind, times, seconds, target))

    def clear(self) -> None:
        """Forget all faults in waiting."""
        self.waiting.clear()

    def take(self, method: str) -> InjectedFault | None:
        """The fault this call meets, used up by it."""
        for fault in self.waiting:
            if fnmatchcase(method.lower(), fault.method):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.waiting.remove(fault)
                return fault
        return None

    def order(self, body: php.Map) -> Response:
        """Take an order that came over HTTP: `{"method", "kind", "times"?, "seconds"?, "target"?}`."""
        times = body.get("times", 1)
        target = php.text(body.get("target")) or "https://moved.example.com"
        kind = php.text(body.get("kind"))
        if kind not in KINDS or not body.get("method"):
            return refused(errors.wrong_argument(f"method and kind are needed; kinds: {', '.join(KINDS)}", "kind"))
        self.fail(
            php.text(body["method"]),
            kind,  # type: ignore[arg-type]  # checked against the kinds above
            None if times is None else php.integer(times),
            seconds=float(php.text(body.get("seconds", 1))),
            target=target,
        )
        return Response(200, JSON, php.json_text({"waiting": len(self.waiting)}).encode())


def refused(refusal: PortalError) -> Response:
    """A refusal of the front end: JSON whatever was asked for."""
    return Response(refusal.status, JSON, php.json_text(refusal.body()).encode())
