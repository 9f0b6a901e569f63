"""The shared state in Redis, for several machines that share a portal."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from b24_mcp.state.limits import LONGEST_CHARGE, Bucket, Charge, Turn

PREFIX = "b24-mcp:"
_FORGET_AFTER = 3_600
# The time of the server, so that the clocks of the callers have no effect. The last argument replaces it in tests.
_NOW = """
local now = tonumber(ARGV[#ARGV])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1000000
end
"""
# The rule of `limits.take_turn`, as one atomic script. Key; capacity, rate, keep_free, longest_wait, lifetime, now.
_TAKE = f"""{_NOW}
local stored = redis.call('HMGET', KEYS[1], 'level', 'at')
local capacity, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local keep_free, longest = tonumber(ARGV[3]), tonumber(ARGV[4])
local level, at = tonumber(stored[1] or 0), tonumber(stored[2] or now)
level = math.max(0, level - math.max(0, now - at) * rate)
local wait = math.max(0, (level + 1 - capacity + keep_free) / rate)
local allowed = longest
if keep_free > 0 then allowed = 0 end
local granted = 0
if wait <= allowed then granted = 1; level = level + 1 end
redis.call('HSET', KEYS[1], 'level', tostring(level), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], ARGV[5])
return {{granted, tostring(wait)}}
"""
_GIVE_BACK = """
local level = redis.call('HGET', KEYS[1], 'level')
if level then redis.call('HSET', KEYS[1], 'level', tostring(math.max(0, tonumber(level) - 1))) end
return 1
"""
# Key; rate, now.
_LEVEL = f"""{_NOW}
local stored = redis.call('HMGET', KEYS[1], 'level', 'at')
local level, at = tonumber(stored[1] or 0), tonumber(stored[2] or now)
return tostring(math.max(0, level - math.max(0, now - at) * tonumber(ARGV[1])))
"""
# Key; capacity, rate, lifetime, now.
_FILL = f"""{_NOW}
local stored = redis.call('HMGET', KEYS[1], 'level', 'at')
local capacity, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local level, at = tonumber(stored[1] or 0), tonumber(stored[2] or now)
level = math.max(capacity, level - math.max(0, now - at) * rate)
redis.call('HSET', KEYS[1], 'level', tostring(level), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""
# Key; seconds, resets_in, lifetime, now.
_CHARGE = f"""{_NOW}
redis.call('HSET', KEYS[1], 'seconds', ARGV[1], 'reset_at', string.format('%.6f', now + tonumber(ARGV[2])))
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""
# Keys; now. Returns a pair of seconds and remaining time for each key, empty if nothing is known.
_CHARGES = f"""{_NOW}
local found = {{}}
for i, key in ipairs(KEYS) do
  local stored = redis.call('HMGET', key, 'seconds', 'reset_at')
  if stored[1] then
    found[i] = {{stored[1], tostring(tonumber(stored[2]) - now)}}
  else
    found[i] = {{}}
  end
end
return found
"""
# Note, group; stored text, lifetime, key, now, until, newest (-1: all), beginning of the names of notes. A group lives
# as long as the last of its texts.
_PUT_MEMBER = """
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[3])
if redis.call('TTL', KEYS[2]) < tonumber(ARGV[2]) then redis.call('EXPIRE', KEYS[2], ARGV[2]) end
local newest = tonumber(ARGV[6])
if newest >= 0 then
  for _, key in ipairs(redis.call('ZRANGE', KEYS[2], 0, -newest - 1)) do
    redis.call('DEL', ARGV[7] .. key)
    redis.call('ZREM', KEYS[2], key)
  end
end
return 1
"""
_TAKE_NOTE = """
local found = redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
return found
"""


class RedisState:
    """The state in the Redis server at `url` (`redis://…`, `rediss://…`), the same URL for all processes.

    Redis measures the time; in tests `clock` replaces it.

    Raises (every method):
        OSError: if Redis cannot be reached or answers with an error.
    """

    def __init__(self, url: str, clock: Callable[[], float] | None = None) -> None:
        self._redis, self._failure = open_redis(url)
        self._clock = clock

    async def take(self, key: str, bucket: Bucket, *, keep_free: float, longest_wait: float) -> Turn:
        """Reserve one request; see `LimitState`."""
        longest = min(longest_wait, 1e9)
        values = (bucket.capacity, bucket.rate, keep_free, longest, _FORGET_AFTER, self._now())
        granted, wait = await self._do("eval", _TAKE, 1, PREFIX + key, *values)
        return Turn(bool(granted), float(wait))

    async def give_back(self, key: str) -> None:
        """Return a reserved place; see `LimitState`."""
        await self._do("eval", _GIVE_BACK, 1, PREFIX + key)

    async def level(self, key: str, bucket: Bucket) -> float:
        """Return the level of a bucket; see `LimitState`."""
        return float(await self._do("eval", _LEVEL, 1, PREFIX + key, bucket.rate, self._now()))

    async def fill(self, key: str, bucket: Bucket) -> None:
        """Mark a bucket as full; see `LimitState`."""
        await self._do("eval", _FILL, 1, PREFIX + key, bucket.capacity, bucket.rate, _FORGET_AFTER, self._now())

    async def charge(self, key: str, charge: Charge) -> None:
        """Record working time; see `LimitState`."""
        values = (charge.seconds, charge.resets_in, _FORGET_AFTER, self._now())
        await self._do("eval", _CHARGE, 1, f"{PREFIX}worked:{key}", *values)

    async def charges(self, keys: Iterable[str]) -> Mapping[str, Charge]:
        """Return the working time of methods; see `LimitState`."""
        wanted = list(keys)
        if not wanted:
            return {}
        names = [f"{PREFIX}worked:{key}" for key in wanted]
        found = await self._do("eval", _CHARGES, len(names), *names, self._now())
        charges = {key: Charge(*map(float, pair)) for key, pair in zip(wanted, found, strict=True) if pair}
        return {key: charge for key, charge in charges.items() if 0 < charge.resets_in <= LONGEST_CHARGE}

    def _now(self) -> float | str:
        return "" if self._clock is None else self._clock()

    async def put_note(
        self, key: str, text: str, now: float, *, seconds: float, group: str | None = None, newest: int | None = None
    ) -> None:
        """Store a text for a time; see `ExpiringStore`."""
        stored, lifetime = json.dumps([now + seconds, text]), math.ceil(seconds)
        if group is None:
            await self._do("set", f"{PREFIX}note:{key}", stored, ex=lifetime)
        else:
            names = (f"{PREFIX}note:{key}", f"{PREFIX}group:{group}")
            values = (stored, lifetime, key, now, now + seconds, -1 if newest is None else newest)
            await self._do("eval", _PUT_MEMBER, 2, *names, *values, f"{PREFIX}note:")

    async def add_note(self, key: str, text: str, now: float, *, seconds: float) -> bool:
        """Store a text unless the key has one; see `ExpiringStore`."""
        stored = json.dumps([now + seconds, text])
        return bool(await self._do("set", f"{PREFIX}note:{key}", stored, ex=math.ceil(seconds), nx=True))

    async def read_note(self, key: str, now: float) -> str | None:
        """Return a text; see `ExpiringStore`."""
        return _unexpired(await self._do("get", f"{PREFIX}note:{key}"), now)

    async def take_note(self, key: str, now: float) -> str | None:
        """Return a text and delete it; see `ExpiringStore`."""
        return _unexpired(await self._do("eval", _TAKE_NOTE, 1, f"{PREFIX}note:{key}"), now)

    async def read_group(self, group: str, now: float) -> Mapping[str, str]:
        """Return the texts of a group; see `ExpiringStore`."""
        keys = await self._do("zrangebyscore", f"{PREFIX}group:{group}", f"({now}", "+inf")
        if not keys:
            return {}
        found = await self._do("mget", [f"{PREFIX}note:{key}" for key in keys])
        texts = {key: _unexpired(stored, now) for key, stored in zip(keys, found, strict=True)}
        return {key: text for key, text in texts.items() if text is not None}

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _do(self, command: str, *arguments: Any, **options: Any) -> Any:
        try:
            return await getattr(self._redis, command)(*arguments, **options)
        except self._failure as exc:
            raise OSError(f"Redis cannot be used ({type(exc).__name__})") from None


def _unexpired(stored: str | None, now: float) -> str | None:
    """Return the text, unless it has expired by the clock of the callers. Redis expires keys by its own clock."""
    if stored is None:
        return None
    until, text = json.loads(stored)
    return str(text) if until > now else None


_MOST_CONNECTIONS = 1_000
"""More than calls can run at the same time: the library raises an error at its own limit of 100, and does not wait."""


def open_redis(url: str) -> tuple[Any, type[Exception]]:
    """Return a client for the Redis server at `url`, and the base class of its exceptions.

    Raises:
        ImportError: if the library is not installed.
    """
    from redis import asyncio as redis
    from redis.exceptions import RedisError

    client = redis.Redis.from_url(
        url, decode_responses=True, socket_timeout=5, socket_connect_timeout=5, max_connections=_MOST_CONNECTIONS
    )
    return client, RedisError
