"""Client-id documents: the id of a client is the https address of a document that describes it.

The host of the address proves who published the document, but not which program presents it.
Source: draft-ietf-oauth-client-id-metadata-document.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import anyio

from b24_mcp.server.http.people.grants.clients import (
    OAuthClient,
    RegistrationError,
    client_from_text,
    client_to_text,
    hashed,
    read_description,
)
from b24_mcp.server.http.people.grants.fetching import FetchError, GuardedFetcher, problem_with_address
from b24_mcp.server.http.people.grants.json_objects import read_object
from b24_mcp.state import Bucket, SharedState

_CACHE_SECONDS = 600.0
_CACHE_FAILURE_SECONDS = 30.0
_MAX_FETCHES = 8
"""The number of documents that one server fetches at the same time."""
_PER_PERSON = Bucket(capacity=10, rate=1 / 15)


class DocumentError(Exception):
    """A client-id document that cannot be used. The message is for the person who looks at the page."""


class ClientDocuments:
    """The clients that are described by documents. A document is cached in the shared state, even if it cannot be used.

    Raises (every method):
        OSError: when the shared state cannot be used.
    """

    def __init__(self, state: SharedState, clock: Callable[[], float], fetcher: GuardedFetcher) -> None:
        self._state = state
        self._clock = clock
        self._fetcher = fetcher
        self._fetching = anyio.CapacityLimiter(_MAX_FETCHES)

    async def find(self, client_id: str, person: str) -> OAuthClient:
        """Return the client whose id is an address. `person` is the key of the person whose browser asks.

        Raises:
            DocumentError: when there is no usable document.
        """
        if problem := problem_with_address(client_id):
            raise DocumentError(problem)
        key = f"oauth:document:{hashed(client_id)}"
        cached = await self._state.read_note(key, self._clock())
        if cached is None:
            cached = await self._fetched(client_id, person)
            is_good = cached.startswith("{")
            seconds = _CACHE_SECONDS if is_good else _CACHE_FAILURE_SECONDS
            await self._state.put_note(key, cached, self._clock(), seconds=seconds)
        if not cached.startswith("{"):
            raise DocumentError(cached)
        return client_from_text(cached)

    async def _fetched(self, client_id: str, person: str) -> str:
        """Return a client as JSON, or the reason why its document cannot be used."""
        turn = await self._state.take(f"oauth:documents:{person}", _PER_PERSON, keep_free=0, longest_wait=0)
        if not turn.granted:
            raise DocumentError("too many documents were fetched, try again in a minute")
        try:
            async with self._fetching:
                content = await self._fetcher.fetch(client_id)
            return client_to_text(_client(client_id, content))
        except (FetchError, RegistrationError) as exc:
            return str(exc)


def _client(client_id: str, content: bytes) -> OAuthClient:
    try:
        given = read_object(content)
    except ValueError as exc:
        raise FetchError(str(exc)) from None
    if given.get("client_id") != client_id:
        raise FetchError("the client_id in the document is not its address")
    if "client_secret" in given or given.get("token_endpoint_auth_method") not in (None, "none"):
        raise FetchError("a client with a document must be public: token_endpoint_auth_method none")
    description = read_description(given)
    host = urlsplit(client_id).hostname or ""
    return OAuthClient(client_id, description.name or host, description.redirects, host=host)
