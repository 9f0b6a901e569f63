"""Tokens that are encrypted before another store keeps them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from b24_mcp.state.sealing import SealedTexts
from b24_mcp.state.tokens import TokenLease, Tokens, TokenStore, tokens_from_text, tokens_to_text


class SealedTokens:
    """The tokens in another store, encrypted as a whole. The name of the login is bound to them.

    So the tokens of one login are refused under the name of another. The other store sees `serial` only.

    Raises (every method):
        SealedTextError: (an `OSError`) when stored tokens cannot be decrypted.
        OSError: as the other store.
    """

    def __init__(self, store: TokenStore, texts: SealedTexts) -> None:
        self._store = store
        self._texts = texts

    async def read(self, name: str) -> Tokens | None:
        """Return the tokens of a login; see `TokenStore`."""
        return _opened(self._texts, name, await self._store.read(name))

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncGenerator[TokenLease]:
        """Lock the tokens of a login; see `TokenStore`. The lease can replace tokens that it cannot decrypt."""
        async with self._store.alone(name) as lease:
            yield _SealedLease(lease, self._texts, name)

    async def aclose(self) -> None:
        """Close the other store."""
        await self._store.aclose()


@dataclass(frozen=True, slots=True)
class _SealedLease:
    lease: TokenLease
    texts: SealedTexts
    name: str

    async def read(self) -> Tokens | None:
        """Return the newest tokens."""
        return _opened(self.texts, self.name, await self.lease.read())

    async def write(self, tokens: Tokens) -> None:
        """Replace the tokens."""
        sealed = self.texts.seal(tokens_to_text(tokens), _place(self.name))
        await self.lease.write(Tokens("", "", sealed, "", 0.0, "", ""))

    async def forget(self) -> bool:
        """Delete the tokens."""
        return await self.lease.forget()


def _opened(texts: SealedTexts, name: str, stored: Tokens | None) -> Tokens | None:
    if stored is None:
        return None
    try:
        tokens = tokens_from_text(texts.open(stored.access_token, _place(name)))
    except ValueError:
        raise OSError("the stored tokens are damaged: log in again") from None
    return replace(tokens, serial=stored.serial)


def _place(name: str) -> str:
    return f"tokens of {name.lower()}"
