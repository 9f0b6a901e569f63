"""The portal of a job: a sandbox on loopback, and plain REST calls to prepare it and to look at its final state."""

from __future__ import annotations

from collections.abc import Collection, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import httpx

from benchmarks.portals import WatchedSandbox, served


class CountingSandbox(WatchedSandbox):
    """A sandbox that remembers the size of each answer in characters, with the text of its request."""

    def __init__(self) -> None:
        super().__init__()
        self.answered: list[tuple[str, int]] = []

    def characters_for(self, methods: Collection[str]) -> int:
        """Return the characters of the answers to requests that call one of these methods, alone or in a batch."""
        wanted = [method.lower() for method in methods]
        return sum(size for text, size in self.answered if any(method in text for method in wanted))

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Answer a request and remember it."""
        asked, size = bytearray(scope.get("path", "").encode()), 0

        async def listening() -> MutableMapping[str, Any]:
            message: MutableMapping[str, Any] = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def counting(message: MutableMapping[str, Any]) -> None:
            nonlocal size
            if message["type"] == "http.response.body":
                size += len(message.get("body", b"").decode("utf-8", "replace"))
            await send(message)

        setattr(counting, "__self__", getattr(send, "__self__", None))  # noqa: B010  # as in WatchedSandbox
        await super().__call__(scope, listening, counting)
        self.answered.append((asked.decode("utf-8", "replace").lower(), size))


class JobPortal:
    """The portal of a job, called without the server under test. `address` is that of its webhook."""

    def __init__(self, sandbox: CountingSandbox, address: str) -> None:
        self.sandbox = sandbox
        self.address = address
        self._client = httpx.Client(base_url=address, timeout=30, trust_env=False)

    def call(self, method: str, params: Any = None) -> Any:
        """Return the result of a REST call.

        Raises:
            RuntimeError: with the answer of the portal, when it is an error.
        """
        return self.body(method, params)["result"]

    def body(self, method: str, params: Any = None) -> dict[str, Any]:
        """Return the whole answer of a REST call; raises as `call`."""
        response = self._client.post(method, json={} if params is None else params)
        body: dict[str, Any] = response.json()
        if "error" in body:
            raise RuntimeError(f"{method}: {body}")
        return body

    def call_v3(self, method: str, params: Any) -> Any:
        """Return the result of a call of REST 3.0."""
        return self.call(self.address.replace("/rest/", "/rest/api/") + method, params)

    def rows(self, method: str, key: str | None = None, **params: Any) -> list[dict[str, Any]]:
        """Return all rows of a list, which the result holds under `key` or is itself."""
        found: list[dict[str, Any]] = []
        start = 0
        while True:
            body = self.body(method, params | {"start": start})
            found += body["result"] if key is None else body["result"][key]
            if body.get("next") is None:
                return found
            start = body["next"]

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


@contextmanager
def job_portal() -> Iterator[JobPortal]:
    """Serve a fresh portal on loopback."""
    sandbox = CountingSandbox()
    with served(sandbox) as address:
        portal = JobPortal(sandbox, address)
        try:
            yield portal
        finally:
            portal.close()
