"""A client of REST 3.0 for the tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx

from b24_sandbox import Sandbox
from tests.sandbox.conftest import NOW, http

PREFIX = "BITRIX_REST_V3_EXCEPTION_"
REQUEST = "VALIDATION_REQUESTVALIDATIONEXCEPTION"
DTO = "VALIDATION_DTOVALIDATIONEXCEPTION"


class V3:
    """A client of REST 3.0 with a webhook, by default the administrator's."""

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

    async def old(self, method: str, params: object) -> Any:
        """Call a method of version 2 on the same portal."""
        return (await self.http.post(f"/rest/{self.sandbox.webhook}/{method}", json=params)).json()["result"]

    async def refused(self, method: str, body: object = None, **headers: str) -> tuple[int, str, dict[str, Any]]:
        return refusal(await self.send(method, body, **headers))


def refusal(response: httpx.Response) -> tuple[int, str, dict[str, Any]]:
    """Return the status, the code without the common prefix, and the error of a refused request."""
    answer = response.json()
    assert set(answer) == {"error"}, answer
    error = answer["error"]
    assert error["message"]
    return response.status_code, error["code"].removeprefix(PREFIX), error


def fields(error: dict[str, Any]) -> list[str | None]:
    """The fields of a validation error."""
    return [detail.get("field") for detail in error["validation"]]


@asynccontextmanager
async def portal(**kwargs: Any) -> AsyncIterator[V3]:
    """A client of a new portal."""
    kwargs.setdefault("clock", lambda: NOW)
    sandbox = await anyio.to_thread.run_sync(lambda: Sandbox(**kwargs))
    try:
        async with http(sandbox) as client:
            yield V3(sandbox, client)
    finally:
        await anyio.to_thread.run_sync(sandbox.close)
