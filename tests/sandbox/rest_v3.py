"""Calls version 3 of a sandbox over HTTP, as the tests of version 3 do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx

from b24_mcp.sandbox import Sandbox
from tests.sandbox.conftest import NOW, http

PREFIX = "BITRIX_REST_V3_EXCEPTION_"
REQUEST = "VALIDATION_REQUESTVALIDATIONEXCEPTION"
DTO = "VALIDATION_DTOVALIDATIONEXCEPTION"


class V3:
    """Calls methods of version 3 with a webhook, the administrator's unless told otherwise."""

    def __init__(self, sandbox: Sandbox, client: httpx.AsyncClient, webhook: str | None = None) -> None:
        self.sandbox = sandbox
        self.http = client
        self.base = f"/rest/api/{sandbox.webhook if webhook is None else webhook}/"

    async def send(self, method: str, body: object = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(self.base + method, json={} if body is None else body, headers=named)

    async def result(self, method: str, body: object = None, **headers: str) -> Any:
        response = await self.send(method, body, **headers)
        answer = response.json()
        assert response.status_code == 200, answer
        assert set(answer) == {"result", "time"}
        return answer["result"]

    async def items(self, method: str, body: object = None) -> list[Any]:
        result = await self.result(method, body)
        assert isinstance(result["items"], list)
        return list(result["items"])

    async def ids(self, method: str, body: object = None) -> list[int]:
        return [item["id"] for item in await self.items(method, body)]

    async def refused(self, method: str, body: object = None, **headers: str) -> tuple[int, str, dict[str, Any]]:
        return refusal(await self.send(method, body, **headers))


def refusal(response: httpx.Response) -> tuple[int, str, dict[str, Any]]:
    """Status, code without the common prefix, and the error of an answer that must be one."""
    answer = response.json()
    assert set(answer) == {"error"}, answer
    error = answer["error"]
    assert error["message"]
    return response.status_code, error["code"].removeprefix(PREFIX), error


def fields(error: dict[str, Any]) -> list[str | None]:
    """The fields a validation error is about."""
    return [detail.get("field") for detail in error["validation"]]


@asynccontextmanager
async def portal(**kwargs: Any) -> AsyncIterator[V3]:
    """A portal of one's own."""
    kwargs.setdefault("clock", lambda: NOW)
    sandbox = await anyio.to_thread.run_sync(lambda: Sandbox(**kwargs))
    try:
        async with http(sandbox) as client:
            yield V3(sandbox, client)
    finally:
        await anyio.to_thread.run_sync(sandbox.close)
