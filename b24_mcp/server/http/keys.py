"""The public keys of an issuer: fetched when needed, cached, and with a limit on the rate of fetches."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import anyio
import anyio.to_thread
import jwt
from starlette.authentication import AuthenticationError

_LOG = logging.getLogger(__name__)

_MAX_AGE = 600.0
"""Seconds after which keys are fetched again. A withdrawn key is accepted until then."""
_COOLDOWN = 30.0
"""Seconds between two fetches, whichever keys the tokens name."""
_RETRY = 5.0
"""Seconds between two fetches after a failed one."""
_MAX_STALE = 3_600.0
"""Seconds for which keys are accepted while the issuer cannot be reached."""
_TIMEOUT = 5.0


class KeysUnavailableError(AuthenticationError):
    """The keys of the issuer are not available, so a token cannot be checked."""


class IssuerKeys:
    """The keys at `url`. `ca_bundle` is a file of authorities to trust in addition to those of the operating system."""

    def __init__(self, url: str, ca_bundle: Path | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._ca_bundle = ca_bundle
        self._clock = clock
        self._client: jwt.PyJWKClient | None = None
        self._lock = anyio.Lock()
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at = self._tried_at = -float("inf")

    async def find(self, kid: object) -> jwt.PyJWK | None:
        """Return the key with this id, or without an id the only key; None when the issuer has no such key.

        Raises:
            KeysUnavailableError: when the keys cannot be fetched and no cached keys may be used.
        """
        key = self._select(kid)
        if key is None or self._age > _MAX_AGE:
            async with self._lock:
                await self._renew(kid)
            key = self._select(kid)
        if self._age > _MAX_STALE:
            raise KeysUnavailableError("The keys of the issuer are not available, so the token cannot be checked.")
        return key

    @property
    def _age(self) -> float:
        return self._clock() - self._fetched_at

    def _select(self, kid: object) -> jwt.PyJWK | None:
        if kid is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(kid) if isinstance(kid, str) else None

    async def _renew(self, kid: object) -> None:
        """Fetch the keys, unless another call did so recently."""
        pause = _COOLDOWN if self._fetched_at >= self._tried_at else _RETRY
        if self._clock() - self._tried_at < pause or (self._select(kid) is not None and self._age <= _MAX_AGE):
            return
        self._tried_at = self._clock()
        try:
            self._keys = await anyio.to_thread.run_sync(self._fetch)
            self._fetched_at = self._clock()
        except (jwt.PyJWTError, OSError, ValueError) as exc:
            _LOG.warning("The keys at %s cannot be fetched (%s)", self._url, type(exc).__name__)

    def _fetch(self) -> Mapping[str, jwt.PyJWK]:
        from b24_mcp.rest.wire.transport import tls_context  # imports the whole HTTP client

        if self._client is None:
            self._client = jwt.PyJWKClient(
                self._url, cache_jwk_set=False, timeout=_TIMEOUT, ssl_context=tls_context(self._ca_bundle)
            )
        return {key.key_id: key for key in self._client.get_signing_keys() if key.key_id is not None}
