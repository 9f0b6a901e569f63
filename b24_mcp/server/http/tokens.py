"""The two kinds of bearer tokens: one secret that all clients share, or access tokens that an issuer signed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import jwt
from mcp.server.auth.provider import AccessToken

from b24_mcp.access.caller import with_included
from b24_mcp.server.http.keys import IssuerKeys

# Signatures that only the issuer can make. With HS256 whoever knows the key could, and with "none" anybody.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_HIDDEN = "***"
_LEEWAY = 30
_LONGEST = 16_384


class SharedToken:
    """Lets in whoever sends the one secret. What they may do is what is configured: nothing tells them apart."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    async def verify_token(self, token: str) -> AccessToken | None:
        """Compare in a time that does not tell how much of the token is right."""
        if not secrets.compare_digest(token.encode(), self._secret):
            return None
        return AccessToken(token=_HIDDEN, client_id="shared token", scopes=["b24:full"])


class SignedTokens:
    """Lets in access tokens of one issuer, signed with a key it publishes, for this server, and not expired.

    Raises (from `verify_token`):
        KeysUnavailableError: when the issuer's keys cannot be had, which says nothing about the token.
    """

    def __init__(self, issuer: str, audience: str, keys: IssuerKeys) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys

    async def verify_token(self, token: str) -> AccessToken | None:
        """Give what the token says when every check passes; the token itself is kept nowhere."""
        if len(token) > _LONGEST:
            return None
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in ALGORITHMS:
                return None
            key = await self._keys.find(header.get("kid"))
            if key is None or key.algorithm_name != header["alg"]:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY,
                options={"require": ["exp", "iss", "aud"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError):
            return None
        return _granted(claims)


def _granted(claims: Mapping[str, Any]) -> AccessToken | None:
    subject = _text(claims.get("sub"))
    client = _text(claims.get("client_id")) or _text(claims.get("azp")) or subject
    if client is None:
        return None  # a token for nobody: nothing could be attributed to it
    return AccessToken(
        token=_HIDDEN,
        client_id=client,
        subject=subject,
        scopes=with_included(_scopes(claims.get("scope")) | _scopes(claims.get("scp"))),
        expires_at=int(claims["exp"]) + _LEEWAY,
        claims={"iss": claims["iss"]},
    )


def _scopes(claim: Any) -> set[str]:
    """RFC 9068 writes one text, some issuers a list; what is neither grants nothing."""
    if isinstance(claim, str):
        return set(claim.split())
    return {scope for scope in claim if isinstance(scope, str)} if isinstance(claim, list) else set()


def _text(claim: Any) -> str | None:
    return claim if isinstance(claim, str) and claim else None
