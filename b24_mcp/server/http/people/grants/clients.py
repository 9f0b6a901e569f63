"""The clients (programs) that ask for access: what they say of themselves, and those that registered here."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal, get_args

from b24_mcp.secrets import HIDDEN
from b24_mcp.server.http.people.grants.redirects import problem_with
from b24_mcp.state import Bucket, SharedState

AuthMethod = Literal["none", "client_secret_post", "client_secret_basic"]
AUTH_METHODS: tuple[AuthMethod, ...] = get_args(AuthMethod)

_UNUSED_SECONDS = 7 * 24 * 3_600.0
"""Clients keep their registration, so one whose first login was not finished may try again days later."""
_USED_SECONDS = 500 * 24 * 3_600.0
"""Longer than the life of any grant. Each consent renews it."""
_MAX_UNUSED = 1_000
_MAX_REDIRECTS = 20
_MAX_REDIRECT_LENGTH = 6_000
"""The largest length of all redirect addresses of a client together, because any client can register."""
_LONGEST_NAME = 80
_UNUSED = "oauth:unused clients"
_PER_ADDRESS = Bucket(capacity=20, rate=1 / 30)
_IN_TOTAL = Bucket(capacity=200, rate=1.0)
_SLOTS = 4_096
"""The number of rate limits for addresses. More addresses share them, so that a flood cannot fill the state."""


class RegistrationError(Exception):
    """A description of a client that cannot be used. `code` is the error code of RFC 7591."""

    def __init__(self, code: Literal["invalid_redirect_uri", "invalid_client_metadata"], message: str) -> None:
        super().__init__(message)
        self.code = code


class RegistrationFloodError(Exception):
    """Too many registrations; the next one is possible after `wait` seconds."""

    def __init__(self, wait: float) -> None:
        super().__init__("too many registrations")
        self.wait = wait


@dataclass(frozen=True, slots=True)
class ClientDescription:
    """What a client says of itself. Nobody checked the name."""

    name: str
    redirects: tuple[str, ...]
    method: AuthMethod


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """A client. `secret` is the hash of its secret, empty for a public client.

    `host` is the host of its client-id document, which proves who published the document. It is empty for a client
    that registered itself.
    """

    id: str
    name: str
    redirects: tuple[str, ...]
    method: AuthMethod = "none"
    secret: str = field(default="", repr=False)
    host: str = ""

    def has_secret(self, secret: str) -> bool:
        """Whether this is the secret of the client. Compares in constant time."""
        return hmac.compare_digest(hashed(secret), self.secret)


def hashed(secret: str) -> str:
    """Return the form in which a random secret is stored."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def read_description(given: Mapping[str, object]) -> ClientDescription:
    """Return what the metadata of a client say (RFC 7591, 2). Unknown metadata are ignored, as the RFC requires.

    Raises:
        RegistrationError: when the metadata cannot be used.
    """
    redirects = given.get("redirect_uris")
    if not isinstance(redirects, list) or not 1 <= len(redirects) <= _MAX_REDIRECTS:
        raise RegistrationError("invalid_redirect_uri", f"redirect_uris must be a list of 1 to {_MAX_REDIRECTS}")
    if sum(len(uri) for uri in redirects if isinstance(uri, str)) > _MAX_REDIRECT_LENGTH:
        raise RegistrationError("invalid_redirect_uri", "redirect_uris is too long")
    for uri in redirects:
        if problem := problem_with(uri):
            raise RegistrationError("invalid_redirect_uri", problem)
    _check_words(given, "grant_types", "authorization_code")
    _check_words(given, "response_types", "code")
    method = given.get("token_endpoint_auth_method")
    method = "none" if method is None else method
    if not isinstance(method, str) or method not in AUTH_METHODS:
        accepted = ", ".join(AUTH_METHODS)
        raise RegistrationError("invalid_client_metadata", f"token_endpoint_auth_method must be one of {accepted}")
    return ClientDescription(_name(given.get("client_name")), tuple(dict.fromkeys(redirects)), method)


def _check_words(given: Mapping[str, object], key: str, needed: str) -> None:
    words = given.get(key)
    if words is not None and not (isinstance(words, list) and needed in words):
        raise RegistrationError("invalid_client_metadata", f"{key} must be a list that contains {needed}")


def _name(given: object) -> str:
    """Return a name as one short line that cannot imitate other text by invisible characters."""
    if given is not None and not isinstance(given, str):
        raise RegistrationError("invalid_client_metadata", "client_name must be a text")
    shown = "".join(letter for letter in HIDDEN.sub("", given or "") if letter.isprintable())
    return " ".join(shown.split())[:_LONGEST_NAME]


class RegisteredClients:
    """The clients that registered themselves, in the shared state. One that no person confirms is forgotten after a
    week, or when there are too many.

    Raises (every method):
        OSError: when the shared state cannot be used.
    """

    def __init__(self, state: SharedState, clock: Callable[[], float]) -> None:
        self._state = state
        self._clock = clock

    def now(self) -> float:
        """Return the Unix time."""
        return self._clock()

    async def register(self, description: ClientDescription, address: str) -> tuple[OAuthClient, str | None]:
        """Register a client that connects from an address. Return it and its secret, None for a public client.

        Raises:
            RegistrationFloodError: when there were too many registrations, from this address or in total.
        """
        await self._check_rate(address)
        secret = None if description.method == "none" else secrets.token_urlsafe(32)
        client = OAuthClient(
            id=secrets.token_urlsafe(16),
            name=description.name,
            redirects=description.redirects,
            method=description.method,
            secret="" if secret is None else hashed(secret),
        )
        now = self._clock()
        await self._put(client, _UNUSED_SECONDS)
        await self._state.put_note(_marker(client.id), str(now), now, seconds=_UNUSED_SECONDS, group=_UNUSED)
        await self._forget_oldest()
        return client, secret

    async def find(self, client_id: str) -> OAuthClient | None:
        """Return a registered client."""
        found = await self._state.read_note(_key(client_id), self._clock())
        return None if found is None else client_from_text(found)

    async def keep(self, client: OAuthClient) -> None:
        """Keep a client that a person confirmed."""
        await self._put(client, _USED_SECONDS)
        await self._state.take_note(_marker(client.id), self._clock())

    async def _put(self, client: OAuthClient, seconds: float) -> None:
        await self._state.put_note(_key(client.id), client_to_text(client), self._clock(), seconds=seconds)

    async def _check_rate(self, address: str) -> None:
        slot = int(hashed(address)[:8], 16) % _SLOTS
        limits: Sequence[tuple[str, Bucket]] = ((f"oauth:register:{slot}", _PER_ADDRESS), ("oauth:register", _IN_TOTAL))
        for key, bucket in limits:
            turn = await self._state.take(key, bucket, keep_free=0, longest_wait=0)
            if not turn.granted:
                raise RegistrationFloodError(turn.wait)

    async def _forget_oldest(self) -> None:
        unused = await self._state.read_group(_UNUSED, self._clock())
        oldest = sorted(unused, key=lambda key: float(unused[key]))[: max(0, len(unused) - _MAX_UNUSED)]
        for marker in oldest:
            if await self._state.take_note(marker, self._clock()) is not None:
                await self._state.take_note(_key(marker.removeprefix(_marker(""))), self._clock())


def client_to_text(client: OAuthClient) -> str:
    """Return a client as JSON."""
    return json.dumps(asdict(client))


def client_from_text(text: str) -> OAuthClient:
    """Parse a client that this server stored."""
    stored = json.loads(text)
    return OAuthClient(**stored | {"redirects": tuple(stored["redirects"])})


def _key(client_id: str) -> str:
    return f"oauth:client:{client_id}"


def _marker(client_id: str) -> str:
    return f"oauth:unused:{client_id}"
