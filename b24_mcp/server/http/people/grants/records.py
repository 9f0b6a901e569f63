"""What the authorization server stores of a consent: the request, the grant, and what a token stands for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from b24_mcp.access import Level

ACCESS_SECONDS = 3_600
"""The life of an access token."""
REFRESH_SECONDS = 90 * 24 * 3_600.0
"""The life of a refresh token. Each use replaces it by one that lives as long again."""
GRANT_SECONDS = 365 * 24 * 3_600.0
"""The longest life of a grant. After it the person is asked again."""


@dataclass(frozen=True, slots=True)
class PendingConsent:
    """An authorization request that waits for the answer of a person.

    `session` is the hash of the form token of the browser that was asked. `asked` is the level that the client asked
    for, and `levels` are those that the person can choose.
    """

    client_id: str
    client_name: str
    redirect_uri: str
    challenge: str
    state: str | None
    asked: Level
    levels: tuple[Level, ...]
    person: str
    session: str


@dataclass(frozen=True, slots=True)
class Grant:
    """The permission of a person for a client. `name` is the client's own, and `host` that of its redirect address.

    `family` is the hash of a secret in all its refresh tokens. It tells a refresh token that was used before from one
    that never existed, without a record of each.
    """

    id: str
    family: str
    client_id: str
    name: str
    host: str
    level: Level
    person: str
    granted_at: float


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """What an authorization code stands for."""

    grant: str
    client_id: str
    redirect_uri: str
    challenge: str


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """What an access token or a refresh token stands for. `expires` is Unix time."""

    grant: str
    level: Level
    expires: float


@dataclass(frozen=True, slots=True)
class SpentToken:
    """The first use of a refresh token: when, and the hash of the refresh token that replaced it."""

    at: float
    successor: str


_Record = TypeVar("_Record", bound=PendingConsent | Grant | IssuedCode | IssuedToken | SpentToken)


def to_text(record: PendingConsent | Grant | IssuedCode | IssuedToken | SpentToken) -> str:
    """Return a record as JSON."""
    return json.dumps(asdict(record))


def from_text(kind: Callable[..., _Record], text: str | None) -> _Record | None:
    """Parse a record of this server. None stays None."""
    if text is None:
        return None
    stored: dict[str, Any] = json.loads(text)
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()})
