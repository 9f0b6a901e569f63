"""A server for several people, each with a token of an issuer, on the sandbox."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from b24_mcp.secrets import Redactor
from b24_mcp.server.http.application import http_application
from b24_mcp.server.http.options import HttpOptions, Issuer
from b24_mcp.server.mcp_server import build_server
from b24_mcp.state import SharedState, open_state
from tests.server.http.conftest import MODERN, modern_call, modern_headers
from tests.server.http.issuer import NAME, URL, SignedFor


@dataclass
class Team:
    http: httpx.AsyncClient
    issuer: SignedFor

    async def call(self, who: dict[str, Any], tool: str, **arguments: Any) -> Any:
        token = self.issuer.token(**{"scope": "b24:full"} | who)
        response = await self.http.post(
            "/mcp", headers=modern_headers(tool, token), content=modern_call(tool, arguments)
        )
        assert response.status_code == 200, response.text
        return json.loads(response.json()["result"]["content"][0]["text"])

    async def resource(self, who: dict[str, Any], uri: str) -> str:
        token = self.issuer.token(**{"scope": "b24:full"} | who)
        headers = modern_headers("", token) | {"mcp-method": "resources/read", "mcp-name": uri}
        about = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
        message = {"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": uri, "_meta": about}}
        return (await self.http.post("/mcp", headers=headers, content=json.dumps(message))).text

    async def names(self, who: dict[str, Any]) -> list[str]:
        answer = await self.call(who, "query_records", sql="SELECT name FROM data_sets")
        return [row[0] for row in answer["rows"]]


@asynccontextmanager
async def open_team(
    issuer: SignedFor,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    state: SharedState | None = None,
    **options: Any,
) -> AsyncIterator[Team]:
    """Serve people with tokens. Their folders for files are in `shared files` of a folder."""
    files = folder / "shared files"
    files.mkdir(exist_ok=True)
    monkeypatch.setenv("B24_FILES_DIR", str(files))
    chosen = HttpOptions(host="0.0.0.0", url=URL, issuer=Issuer(NAME, issuer.url, URL), **options)
    application, _ = http_application(build_server(Redactor()), chosen, state or open_state("memory"))
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="https://mcp.example.com") as http,
    ):
        yield Team(http, issuer)
