"""Tokens in Redis, for several machines that share a login. How safely Redis keeps them is for its owner to set."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import anyio

from b24_mcp.state.redis import PREFIX, open_redis
from b24_mcp.state.tokens import TokenLease, Tokens, tokens_from_text, tokens_to_text

# Longer than one refresh may take. A holder that stood still for longer finds its writing refused by the serial.
_HELD_FOR = 60.0
_PATIENCE = 90.0
# Key; serial that is expected there, serial after, tokens.
_WRITE = """
local stored = redis.call('HGET', KEYS[1], 'serial')
if (stored or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'serial', ARGV[2], 'tokens', ARGV[3])
return 1
"""


class RedisTokens:
    """The tokens in the Redis at `url`.

    Raises (every method):
        OSError: when Redis cannot be reached or answers with an error.
    """

    def __init__(self, url: str) -> None:
        self._redis, self._failure = open_redis(url)

    async def read(self, name: str) -> Tokens | None:
        """The tokens of a login; see `TokenStore`."""
        return await _RedisLease(self._redis, self._failure, _key(name)).read()

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncGenerator[TokenLease]:
        """Keep other processes out; see `TokenStore`."""
        lock = self._redis.lock(f"{_key(name)}:lock", timeout=_HELD_FOR, blocking_timeout=_PATIENCE, sleep=0.05)
        try:
            if not await lock.acquire():
                raise TimeoutError("another process holds the tokens in Redis")
        except self._failure as exc:
            raise _unusable(exc) from None
        try:
            yield _RedisLease(self._redis, self._failure, _key(name))
        finally:
            # One that is not ours any more, or a Redis that is gone, forgets it by itself.
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
        """The tokens as they are."""
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
        """Replace the tokens, unless somebody else did so since they were read."""
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
