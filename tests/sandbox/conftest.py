"""Fixtures: one shared sandbox of the demonstration company for reads, and a new one for every test that writes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from b24_sandbox import Sandbox
from b24_sandbox.app import USER_WEBHOOK

if TYPE_CHECKING:
    from tests.sandbox.rest_v3 import V3

NOW = 1_772_355_600.0
"""2026-03-01T12:00:00+03:00, the clock of every sandbox in these tests."""


class Caller:
    """A client of a sandbox over HTTP. Its methods return the decoded body."""

    def __init__(self, sandbox: Sandbox, http: httpx.AsyncClient) -> None:
        self.sandbox = sandbox
        self.http = http
        self.base = f"/rest/{sandbox.webhook}/"

    async def __call__(self, method: str, params: object = None) -> dict[str, Any]:
        response = await self.http.post(self.base + method, json={} if params is None else params)
        answer: dict[str, Any] = response.json()
        return answer

    async def result(self, method: str, params: object = None) -> Any:
        answer = await self(method, params)
        assert "error" not in answer, answer
        return answer["result"]

    async def refused(self, method: str, params: object = None) -> tuple[int, dict[str, Any]]:
        response = await self.http.post(self.base + method, json={} if params is None else params)
        answer: dict[str, Any] = response.json()
        assert "error" in answer, answer
        assert "time" not in answer
        return response.status_code, answer

    def as_user(self) -> Caller:
        """A client of the same sandbox with the webhook of user 4, who is not an administrator."""
        other = Caller(self.sandbox, self.http)
        other.base = f"/rest/{USER_WEBHOOK}/"
        return other

    async def batch(self, commands: object, **params: object) -> Any:
        return await self.result("batch", {"cmd": commands, **params})


@pytest.fixture(scope="session")
def shared() -> Iterator[Sandbox]:
    sandbox = Sandbox(clock=lambda: NOW)
    yield sandbox
    sandbox.close()


@pytest.fixture
def own() -> Iterator[Sandbox]:
    sandbox = Sandbox(clock=lambda: NOW)
    yield sandbox
    sandbox.close()


@asynccontextmanager
async def opened(*args: Any, **kwargs: Any) -> AsyncIterator[Caller]:
    """A sandbox, opened and closed off the event loop as an embedding server would, and its client."""
    sandbox = await anyio.to_thread.run_sync(partial(Sandbox, *args, **kwargs))
    try:
        async with http(sandbox) as client:
            yield Caller(sandbox, client)
    finally:
        await anyio.to_thread.run_sync(sandbox.close)


def http(sandbox: Sandbox) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox), base_url="http://127.0.0.1")


@pytest.fixture
async def call(shared: Sandbox) -> AsyncIterator[Caller]:
    """A client for reads."""
    async with http(shared) as client:
        yield Caller(shared, client)


@pytest.fixture
async def write(own: Sandbox) -> AsyncIterator[Caller]:
    """A client for writes. No other test uses its portal."""
    async with http(own) as client:
        yield Caller(own, client)


@pytest.fixture
async def v3(own: Sandbox) -> AsyncIterator[V3]:
    """A client of REST 3.0 for a portal of its own."""
    from tests.sandbox.rest_v3 import V3  # it uses this module

    async with http(own) as client:
        yield V3(own, client)


@pytest.fixture
async def reads(shared: Sandbox) -> AsyncIterator[V3]:
    """A client of REST 3.0 for the portal that tests share and do not change."""
    from tests.sandbox.rest_v3 import V3

    async with http(shared) as client:
        yield V3(shared, client)
