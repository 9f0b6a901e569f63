"""The tokens of OAuth logins, and the interface of a store for them that survives the end of a process at any moment.

A refresh uses the refresh token up and replaces it. So a refresh is recorded before it begins, and its result is stored
before it is used. Only one process at a time may refresh.
"""

from __future__ import annotations

import json
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass, field, fields
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one login. Times are Unix time.

    `client_id` identifies the application, `member_id` the portal, whatever its address. `endpoint` and `server` are
    scheme and host of the portal and of the authorization server. The access token is not used after `expires`.
    `renewed_at` is the time of the last refresh. `renewing_since` is set while the refresh token may be used up.
    `serial` counts the writes under this name. `seal` authenticates `endpoint` and `server`.
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
    """Exclusive access to the tokens of one login. Every method raises `OSError` if the store cannot be used."""

    async def read(self) -> Tokens | None:
        """Return the newest tokens, also those of a process that was killed while it wrote them."""
        ...

    async def write(self, tokens: Tokens) -> None:
        """Replace the tokens and set the serial. They are on the disk when this returns."""
        ...

    async def forget(self) -> bool:
        """Delete the tokens; False if there were none."""
        ...


class TokenStore(Protocol):
    """A store of tokens, by the name of the login. Every method raises `OSError` if the store cannot be used."""

    async def read(self, name: str) -> Tokens | None:
        """Return the tokens of a login; None if there are none."""
        ...

    def alone(self, name: str) -> AbstractAsyncContextManager[TokenLease]:
        """Lock the tokens of this login against other processes.

        Raises:
            TimeoutError: (an `OSError`) if another process holds the lock for longer than a refresh can take.
        """
        ...

    async def aclose(self) -> None:
        """Close files and connections."""
        ...


def tokens_to_text(tokens: Tokens) -> str:
    """Return tokens as JSON."""
    return json.dumps(asdict(tokens))


def tokens_from_text(text: str) -> Tokens:
    """Parse stored tokens; fields of later versions are ignored.

    Raises:
        ValueError: if the text is incomplete, or a value has the wrong type.
    """
    try:
        found = json.loads(text)
        tokens = Tokens(**{one.name: found[one.name] for one in fields(Tokens) if one.name in found})
    except (TypeError, KeyError, RecursionError):
        raise ValueError("the text does not hold tokens") from None
    if not all(isinstance(getattr(tokens, one.name), _TYPES[str(one.type)]) for one in fields(Tokens)):
        raise ValueError("the text does not hold tokens")
    return tokens


_TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "int | None": (int, type(None)),
    "float | None": (int, float, type(None)),
}
