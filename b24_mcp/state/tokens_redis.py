"""Tokens in Redis, for several machines that share a login. Its owner configures how safely Redis stores them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import anyio

from b24_mcp.state.redis import PREFIX, open_redis
from b24_mcp.state.tokens import TokenLease, Tokens, tokens_from_text, tokens_to_text

# Longer than a refresh may take. If a holder was suspended for longer, the serial rejects its write.
_HELD_FOR = 60.0
_LOCK_TIMEOUT = 90.0
# Key; expected serial, new serial, tokens.
_WRITE = """
local stored = redis.call('HGET', KEYS[1], 'serial')
if (stored or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'serial', ARGV[2], 'tokens', ARGV[3])
return 1
"""


class RedisTokens:
    """The tokens in the Redis server at `url`.

    Raises (every method):
        OSError: if Redis cannot be reached or answers with an error.
    """

    def __init__(self, url: str) -> None:
        self._redis, self._failure = open_redis(url)

    async def read(self, name: str) -> Tokens | None:
        """Return the tokens of a login; see `TokenStore`."""
        return await _RedisLease(self._redis, self._failure, _key(name)).read()

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncGenerator[TokenLease]:
        """Lock the tokens of a login; see `TokenStore`."""
        lock = self._redis.lock(f"{_key(name)}:lock", timeout=_HELD_FOR, blocking_timeout=_LOCK_TIMEOUT, sleep=0.05)
        try:
            if not await lock.acquire():
                raise TimeoutError("another process holds the tokens in Redis")
        except self._failure as exc:
            raise _unusable(exc) from None
        try:
            yield _RedisLease(self._redis, self._failure, _key(name))
        finally:
            # A lock that has expired, or a Redis that cannot be reached, needs no release.
            with anyio.CancelScope(shield=True), suppress(self._failure):
                await lock.release()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


@dataclass(slots=True)
class _RedisLease:
    redis: Any
    failure: type[Exception]
    key: str
    _serial: int = field(default=0, init=False)

    async def read(self) -> Tokens | None:
        """Return the stored tokens."""
        try:
            text = await self.redis.hget(self.key, "tokens")
        except self.failure as exc:
            raise _unusable(exc) from None
        try:
            tokens = tokens_from_text(text) if text else None
        except ValueError:
            raise OSError("the tokens in Redis are damaged: log out, then log in again") from None
        self._serial = tokens.serial if tokens else 0
        return tokens

    async def write(self, tokens: Tokens) -> None:
        """Replace the tokens, unless another process did so since they were read."""
        text = tokens_to_text(replace(tokens, serial=self._serial + 1))
        try:
            written = await self.redis.eval(_WRITE, 1, self.key, self._serial, self._serial + 1, text)
        except self.failure as exc:
            raise _unusable(exc) from None
        if not written:
            raise OSError("the tokens in Redis were changed meanwhile")
        self._serial += 1

    async def forget(self) -> bool:
        """Delete the tokens."""
        try:
            deleted = await self.redis.delete(self.key)
        except self.failure as exc:
            raise _unusable(exc) from None
        self._serial = 0
        return bool(deleted)


def _key(name: str) -> str:
    return f"{PREFIX}tokens:{name.lower()}"


def _unusable(exc: Exception) -> OSError:
    return OSError(f"Redis cannot be used ({type(exc).__name__})")
