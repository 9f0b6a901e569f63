"""The portal of a job: a sandbox on loopback, and plain REST calls to prepare it and to look at its final state."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import httpx

from benchmarks.portals import WatchedSandbox, served



class CountingSandbox(WatchedSandbox):
    """A sandbox that counts the characters of its answers: what a model would read without a server between."""

    raw_characters = 0

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Answer a request and add the size of its answer."""

        async def counting(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.body":
                self.raw_characters += len(message.get("body", b"").decode("utf-8", "replace"))
            await send(message)

        setattr(counting, "__self__", getattr(send, "__self__", None))  # noqa: B010  # as in WatchedSandbox
        await super().__call__(scope, receive, counting)


class JobPortal:
    """The portal of a job, called without the server under test. `address` is that of its webhook."""

    def __init__(self, sandbox: CountingSandbox, address: str) -> None:
        self.sandbox = sandbox
        self.address = address
        self._client = httpx.Client(base_url=address, timeout=30, trust_env=False)

    def call(self, method: str, params: Any = None) -> Any:
        """Return the result of a REST call. These calls are not counted.

        Raises:
            RuntimeError: with the answer of the portal, when it is an error.
        """
        return self.body(method, params)["result"]

    def body(self, method: str, params: Any = None) -> dict[str, Any]:
        """Return the whole answer of a REST call; raises as `call`."""
        before = self.sandbox.raw_characters
        response = self._client.post(method, json={} if params is None else params)
        self.sandbox.raw_characters = before
        body: dict[str, Any] = response.json()
        if "error" in body:
            raise RuntimeError(f"{method}: {body}")
        return body

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



