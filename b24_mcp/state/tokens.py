"""The tokens of OAuth logins, kept so that a process may be killed at any moment, and what a store of them has to do.

A refresh token is used up by the refresh that replaces it. So a refresh is written down before it begins and again
before what it brought is used, and one process at a time does it.
"""

from __future__ import annotations

import json
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass, field, fields
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a login has brought. Times are Unix time.

    `client_id` is the application's, `member_id` the portal's identity, whatever its address. `endpoint` and `server`
    are scheme and host of the portal and of the authorization server. From `expires` on the access token is not used
    any more. `renewed_at` is when the pair came. `renewing_since` stands while the refresh token may be used up.
    `serial` counts what was written under this name. `seal` shows who wrote `endpoint` and `server`.
    """

    client_id: str
    member_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires: float
    endpoint: str
    server: str
    scope: str = ""
    user_id: int | None = None
    renewed_at: float = 0.0
    renewing_since: float | None = None
    serial: int = 0
    seal: str = ""


class TokenLease(Protocol):
    """The tokens of one login, while no other process may change them. Every method raises OSError when it cannot."""

    async def read(self) -> Tokens | None:
        """The newest that was written, also by a process that was killed while it wrote."""
        ...

    async def write(self, tokens: Tokens) -> None:
        """Replace them; when this returns they are on the disk. The serial is set here."""
        ...

    async def forget(self) -> bool:
        """Delete them; False when there were none."""
        ...


class TokenStore(Protocol):
    """Where tokens are kept, by the name of the login. Every method raises OSError when the store cannot be used."""

    async def read(self, name: str) -> Tokens | None:
        """The tokens of a login; None when there is none."""
        ...

    def alone(self, name: str) -> AbstractAsyncContextManager[TokenLease]:
        """Wait until no other process changes the tokens of this login, and keep all others out.

        Raises:
            TimeoutError: (an OSError) when another process keeps them for longer than a refresh can take.
        """
        ...

    async def aclose(self) -> None:
        """Let go of files and connections."""
        ...


def tokens_to_text(tokens: Tokens) -> str:
    """Write tokens down."""
    return json.dumps(asdict(tokens))


def tokens_from_text(text: str) -> Tokens:
    """Read what was written down; fields that a later version added are left out.

    Raises:
        ValueError: when it is not whole, or a value is not of the type it should have.
    """
    try:
        found = json.loads(text)
        tokens = Tokens(**{one.name: found[one.name] for one in fields(Tokens) if one.name in found})
    except (TypeError, KeyError, RecursionError):
        raise ValueError("this does not hold tokens") from None
    if not all(isinstance(getattr(tokens, one.name), _TYPES[str(one.type)]) for one in fields(Tokens)):
        raise ValueError("this does not hold tokens")
    return tokens


_TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "int | None": (int, type(None)),
    "float | None": (int, float, type(None)),
}
