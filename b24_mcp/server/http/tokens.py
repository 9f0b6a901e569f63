"""The two kinds of bearer tokens: one secret that all clients share, or access tokens signed by an issuer."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import jwt
from mcp.server.auth.provider import AccessToken

from b24_mcp.access.caller import with_included
from b24_mcp.server.http.keys import IssuerKeys

# Asymmetric signatures only. HS256 could be forged with the published key, and "none" needs no key.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_HIDDEN = "***"
_LEEWAY = 30
_MAX_LENGTH = 16_384


class SharedToken:
    """A verifier that accepts one shared secret. All clients have the same, configured rights."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    async def verify_token(self, token: str) -> AccessToken | None:
        """Compare in constant time. Return None for any other token."""
        if not secrets.compare_digest(token.encode(), self._secret):
            return None
        return AccessToken(token=_HIDDEN, client_id="shared token", scopes=["b24:full"])


class SignedTokens:
    """A verifier of access tokens: signed with a published key of the issuer, for this server, and not expired."""

    def __init__(self, issuer: str, audience: str, keys: IssuerKeys) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the claims of a valid token, or None. The token itself is not stored.

        Raises:
            KeysUnavailableError: when the keys of the issuer are not available, so the token cannot be checked.
        """
        if len(token) > _MAX_LENGTH:
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
        return _access_token(claims, int(claims["exp"]) + _LEEWAY)


def _access_token(claims: Mapping[str, object], expires_at: int) -> AccessToken | None:
    subject = _text(claims.get("sub"))
    client = _text(claims.get("client_id")) or _text(claims.get("azp")) or subject
    if client is None:
        return None  # a call with this token could not be attributed to anyone
    return AccessToken(
        token=_HIDDEN,
        client_id=client,
        subject=subject,
        scopes=with_included(_scopes(claims.get("scope")) | _scopes(claims.get("scp"))),
        expires_at=expires_at,
        claims={"iss": claims["iss"]},
    )


def _scopes(claim: object) -> set[str]:
    """Return the scopes in a claim: one text (Source: RFC 9068), or a list, which some issuers send."""
    if isinstance(claim, str):
        return set(claim.split())
    return {scope for scope in claim if isinstance(scope, str)} if isinstance(claim, list) else set()


def _text(claim: object) -> str | None:
    return claim if isinstance(claim, str) and claim else None
