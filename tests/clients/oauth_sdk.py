"""The OAuth client of the Python SDK: `oauth_sdk.py cimd|dcr`. It logs in, and calls the tools of the script."""

from __future__ import annotations

import asyncio
import os
import sys
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from tests.clients.browser import allow
from tests.clients.verdict import SCRIPT

_CALLBACK = "http://127.0.0.1/callback"
_DOCUMENT = "https://client.example.com/oauth/client.json"


class KeptInMemory:
    """The tokens and the registration of one run."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        """Return the tokens."""
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep the tokens."""
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """Return the registration."""
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep the registration."""
        self.client = client_info


class Callback:
    """The browser of the person, and the answer that it brings back."""

    def __init__(self) -> None:
        self._answer: dict[str, list[str]] = {}

    async def open(self, address: str) -> None:
        """Allow what is asked at an address, as the person would."""
        self._answer = parse_qs(urlsplit(await asyncio.to_thread(allow, address)).query)

    async def wait(self) -> AuthorizationCodeResult:
        """Return the answer."""
        return AuthorizationCodeResult(**{name: self._answer[name][0] for name in ("code", "state", "iss")})


def provider(url: str, callback: Callback, *, with_document: bool) -> OAuthClientProvider:
    """Return the OAuth client of the SDK for a server."""
    return OAuthClientProvider(
        url,
        OAuthClientMetadata(client_name="Python SDK", redirect_uris=[AnyUrl(_CALLBACK)]),
        KeptInMemory(),
        callback.open,
        callback.wait,
        client_metadata_url=_DOCUMENT if with_document else None,
    )


async def main(way: str) -> None:
    """Log in, call the tools of the script, and print their answers."""
    url = os.environ["B24_MCP_URL"]
    auth = provider(url, Callback(), with_document=way == "cimd")
    async with (
        httpx2.AsyncClient(auth=auth, timeout=60) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        for call in SCRIPT:
            result = await client.call_tool(call.tool, dict(call.arguments))
            sys.stdout.write("".join(getattr(block, "text", "") for block in result.content) + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
