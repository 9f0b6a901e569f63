"""The client on the sandbox's REST 3.0, with every request recorded as it was sent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from b24_mcp.rest import Portal
from b24_sandbox import Sandbox
from tests.fake_portal import FakeClock, open_portal

ORIGIN = "https://portal.example"


@dataclass(frozen=True)
class Sent:
    """A request: the path behind the webhook, from `api/` on in REST 3.0, its body and its Idempotency-Key."""

    path: str
    body: Any
    key: str | None


@dataclass
class Recorder:
    """The sandbox with recorded requests. `sent` is everything that arrived."""

    sandbox: Sandbox
    sent: list[Sent] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        place = [part for part in scope["path"].split("/") if part][1:]
        name = f"api/{place[-1]}" if place[0] == "api" else place[-1]
        headers = {key.lower(): value.decode() for key, value in scope["headers"]}
        self.sent.append(Sent(name, json.loads(body), headers.get(b"idempotency-key")))

        async def again() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        await self.sandbox(scope, again, send)

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.sent]


@asynccontextmanager
async def v3_portal(deadline: float = 0.0, **options: Any) -> AsyncIterator[tuple[Portal, Recorder]]:
    """A portal object on a new sandbox. Without a deadline nothing is retried."""
    sandbox = Sandbox(**options)
    recorder = Recorder(sandbox)
    try:
        address = sandbox.webhook_url(ORIGIN)
        async with open_portal(recorder, address, deadline=deadline, clock=FakeClock()) as portal:
            yield portal, recorder
    finally:
        sandbox.close()
