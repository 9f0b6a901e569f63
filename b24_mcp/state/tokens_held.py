"""The tokens of a login that are not stored yet, in the memory of this process."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

from b24_mcp.state.tokens import TokenLease, Tokens


class HeldTokens:
    """A store that holds the tokens of one login, under any name. They are used at `endpoint`, the portal's origin."""

    def __init__(self, tokens: Tokens, endpoint: str) -> None:
        self.tokens = replace(tokens, endpoint=endpoint)
        self._is_forgotten = False

    async def read(self, name: str = "") -> Tokens | None:
        """Return the tokens; see `TokenStore`."""
        return None if self._is_forgotten else self.tokens

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncGenerator[TokenLease]:
        """Return exclusive access; see `TokenStore`. One task uses this store."""
        yield self

    async def write(self, tokens: Tokens) -> None:
        """Replace the tokens; see `TokenLease`."""
        self.tokens = replace(tokens, serial=self.tokens.serial + 1)

    async def forget(self) -> bool:
        """Delete the tokens; see `TokenLease`."""
        known, self._is_forgotten = not self._is_forgotten, True
        return known

    async def aclose(self) -> None:
        """Do nothing: no file is open."""
