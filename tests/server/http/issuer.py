"""An authorization server for the tests: it signs tokens, publishes its keys on loopback, and counts fetches."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

NAME = "https://login.example.com/realm"
URL = "https://mcp.example.com/mcp"

_KEYS = {
    "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "other": rsa.generate_private_key(public_exponent=65537, key_size=2048),
}
_CURVE = ec.generate_private_key(ec.SECP256R1())


def jwk(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, kid: str, **more: str) -> dict[str, Any]:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid} | more
    return RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid} | more


@dataclass
class SignedFor:
    """The issuer. `jwks` is published and can be changed, `fetched` counts requests, `down` makes it answer 500."""

    url: str = ""
    fetched: int = 0
    down: bool = False
    jwks: Any = field(
        default_factory=lambda: {"keys": [jwk(_KEYS["RS256"], "one", use="sig", alg="RS256"), jwk(_CURVE, "curve")]}
    )

    def token(self, *, key: str = "RS256", alg: str = "RS256", kid: str | None = "one", **claims: object) -> str:
        """Return a valid token of Ann's editor with scope `b24:read`. Arguments replace claims; None removes one."""
        signer = _CURVE if alg == "ES256" else _KEYS[key]
        return jwt.encode(self.claims(**claims), signer, alg, {} if kid is None else {"kid": kid})

    def claims(self, **claims: object) -> dict[str, Any]:
        now = int(time.time())
        good = {"iss": NAME, "aud": URL, "sub": "ann", "client_id": "editor", "scope": "b24:read", "exp": now + 600}
        return {name: value for name, value in (good | claims).items() if value is not None}

    def unsigned(self) -> str:
        return jwt.encode(self.claims(), None, "none", {"kid": "one"})  # type: ignore[arg-type]

    def signed_with_the_public_key(self) -> str:
        """Return a token signed with HS256 and the published key as its secret (algorithm confusion)."""
        public = _KEYS["RS256"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        parts = [{"alg": "HS256", "typ": "JWT", "kid": "one"}, self.claims()]
        said = b".".join(_encoded(json.dumps(part).encode()) for part in parts)
        return (said + b"." + _encoded(hmac.digest(public, said, hashlib.sha256))).decode()

    def rotate(self) -> None:
        """Replace the key by another with a different id."""
        self.jwks = {"keys": [jwk(_KEYS["other"], "two", use="sig", alg="RS256")]}

    @classmethod
    @contextmanager
    def published(cls) -> Iterator[SignedFor]:
        issuer = cls()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.fetched += 1
                body = json.dumps(issuer.jwks).encode()
                self.send_response(500 if issuer.down else 200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        with HTTPServer(("127.0.0.1", 0), Handler) as server:
            issuer.url = f"http://127.0.0.1:{server.server_port}/keys"
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield issuer
            finally:
                server.shutdown()
                thread.join()


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
