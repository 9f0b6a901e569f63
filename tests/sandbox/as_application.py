"""Calls with the access token of an application, beside those of the webhook."""

from __future__ import annotations

from typing import Any

from tests.sandbox.conftest import Caller


class AsApplication:
    """The same portal as `caller`, called by its OAuth application for the user `user`."""

    def __init__(self, caller: Caller, user: int = 1) -> None:
        self._caller = caller
        self._token = caller.sandbox.portal.oauth.issue(user).access_token

    async def _answer(self, method: str, params: object) -> tuple[int, dict[str, Any]]:
        address = f"/rest/{method}?auth={self._token}"
        response = await self._caller.http.post(address, json={} if params is None else params)
        answer: dict[str, Any] = response.json()
        return response.status_code, answer

    async def result(self, method: str, params: object = None) -> Any:
        _, answer = await self._answer(method, params)
        assert "error" not in answer, answer
        return answer["result"]

    async def refused(self, method: str, params: object = None) -> tuple[int, str]:
        status, answer = await self._answer(method, params)
        return status, answer["error"]
