"""The shared state in Redis, for several machines that call one portal from one address."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from b24_mcp.state.limits import Bucket, Charge, Turn

PREFIX = "b24-mcp:"
_FORGET_AFTER = 3_600
# The rule of `limits.take_turn`, in one step. Key; now, capacity, rate, keep_free, longest_wait, lifetime.
_TAKE = """
local stored = redis.call('HMGET', KEYS[1], 'level', 'at')
local now, capacity, rate = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local keep_free, longest = tonumber(ARGV[4]), tonumber(ARGV[5])
local level, at = tonumber(stored[1] or 0), tonumber(stored[2] or now)
level = math.max(0, level - math.max(0, now - at) * rate)
local wait = math.max(0, (level + 1 - capacity + keep_free) / rate)
local allowed = longest
if keep_free > 0 then allowed = 0 end
local granted = 0
if wait <= allowed then granted = 1; level = level + 1 end
redis.call('HSET', KEYS[1], 'level', tostring(level), 'at', tostring(now))
redis.call('EXPIRE', KEYS[1], ARGV[6])
return {granted, tostring(wait)}
"""
_GIVE_BACK = """
local level = tonumber(redis.call('HGET', KEYS[1], 'level') or 0)
redis.call('HSET', KEYS[1], 'level', tostring(math.max(0, level - 1)))
return 1
"""
_FILL = """
local stored = redis.call('HMGET', KEYS[1], 'level', 'at')
local now, capacity, rate = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local level, at = tonumber(stored[1] or 0), tonumber(stored[2] or now)
level = math.max(capacity, level - math.max(0, now - at) * rate)
redis.call('HSET', KEYS[1], 'level', tostring(level), 'at', tostring(now))
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""
_TAKE_NOTE = """
local found = redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
return found
"""


class RedisState:
    """The state in the Redis at `url` (`redis://…`, `rediss://…`), which every server names alike.

    Raises (every method):
        OSError: when Redis cannot be reached or answers with an error.
    """

    def __init__(self, url: str) -> None:
        self._redis, self._failure = open_redis(url)

    async def take(self, key: str, bucket: Bucket, now: float, *, keep_free: float, longest_wait: float) -> Turn:
        """Reserve one request; see `LimitState`."""
        longest = min(longest_wait, 1e9)
        values = (now, bucket.capacity, bucket.rate, keep_free, longest, _FORGET_AFTER)
        granted, wait = await self._do("eval", _TAKE, 1, PREFIX + key, *values)
        return Turn(bool(granted), float(wait))

    async def give_back(self, key: str) -> None:
        """Return a reserved place; see `LimitState`."""
        await self._do("eval", _GIVE_BACK, 1, PREFIX + key)

    async def level(self, key: str, bucket: Bucket, now: float) -> float:
        """How full a bucket is; see `LimitState`."""
        level, at = await self._do("hmget", PREFIX + key, "level", "at")
        return max(0.0, float(level or 0) - max(0.0, now - float(at or now)) * bucket.rate)

    async def fill(self, key: str, bucket: Bucket, now: float) -> None:
        """Take the bucket for full; see `LimitState`."""
        await self._do("eval", _FILL, 1, PREFIX + key, now, bucket.capacity, bucket.rate, _FORGET_AFTER)

    async def charge(self, key: str, charge: Charge) -> None:
        """Note working time; see `LimitState`."""
        text = json.dumps([charge.seconds, charge.reset_at])
        await self._do("set", f"{PREFIX}charge:{key}", text, ex=_FORGET_AFTER)

    async def charges(self, keys: Iterable[str]) -> Mapping[str, Charge]:
        """Working time of methods; see `LimitState`."""
        wanted = list(keys)
        if not wanted:
            return {}
        found = await self._do("mget", [f"{PREFIX}charge:{key}" for key in wanted])
        return {key: Charge(*json.loads(text)) for key, text in zip(wanted, found, strict=True) if text}

    async def put_note(self, key: str, text: str, now: float, *, seconds: float) -> None:
        """Keep a text for a time; see `ExpiringStore`."""
        await self._do("set", f"{PREFIX}note:{key}", json.dumps([now + seconds, text]), ex=math.ceil(seconds))

    async def read_note(self, key: str, now: float) -> str | None:
        """A text that is kept; see `ExpiringStore`."""
        return _unexpired(await self._do("get", f"{PREFIX}note:{key}"), now)

    async def take_note(self, key: str, now: float) -> str | None:
        """A text, once; see `ExpiringStore`."""
        return _unexpired(await self._do("eval", _TAKE_NOTE, 1, f"{PREFIX}note:{key}"), now)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _do(self, command: str, *arguments: Any, **options: Any) -> Any:
        try:
            return await getattr(self._redis, command)(*arguments, **options)
        except self._failure as exc:
            raise OSError(f"Redis cannot be used ({type(exc).__name__})") from None


def _unexpired(stored: str | None, now: float) -> str | None:
    """Redis forgets by its own clock; the time written beside the text is that of whoever wrote it."""
    if stored is None:
        return None
    until, text = json.loads(stored)
    return str(text) if until > now else None


def open_redis(url: str) -> tuple[Any, type[Exception]]:
    """A client for the Redis at `url`, and what it raises.

    Raises:
        ImportError: without the library.
    """
    from redis import asyncio as redis
    from redis.exceptions import RedisError

    client = redis.Redis.from_url(url, decode_responses=True, socket_timeout=5, socket_connect_timeout=5)
    return client, RedisError
