"""Encryption of texts in the shared state, to which others may have access."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORM = "b24-1:"
_NONCE_BYTES = 12
_KEY_BYTES = 32


class SealedTextError(OSError):
    """A stored text cannot be decrypted: it belongs to something else, was changed, or its key was removed."""


class SealedTexts:
    """Encrypts and authenticates texts for one purpose, with AES-256-GCM.

    The first of the operator's `keys` encrypts, and any of them decrypts, so that keys can be replaced. Each text is
    bound to its place in the store: it cannot be decrypted at another one.
    """

    def __init__(self, keys: Sequence[str], purpose: str) -> None:
        if not keys:
            raise ValueError("there is no key")
        self._ciphers = [_cipher(key, purpose) for key in keys]

    def seal(self, text: str, place: str) -> str:
        """Return a text encrypted for its place."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        data = self._ciphers[0].encrypt(nonce, text.encode(), place.encode())
        return _FORM + base64.b64encode(nonce + data).decode()

    def open(self, sealed: str, place: str) -> str:
        """Return the text that was sealed for a place.

        Raises:
            SealedTextError: when it was not sealed for this place with one of the keys.
        """
        from cryptography.exceptions import InvalidTag

        try:
            data = base64.b64decode(sealed.removeprefix(_FORM), validate=True)
        except (binascii.Error, ValueError):
            data = b""
        if sealed.startswith(_FORM) and len(data) > _NONCE_BYTES:
            for cipher in self._ciphers:
                try:
                    return cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], place.encode()).decode()
                except InvalidTag:
                    continue
        raise SealedTextError("a stored text cannot be decrypted: it was changed, or its B24_HTTP_KEY is gone")


def derived_key(key: str, purpose: str) -> bytes:
    """Return a key of 32 bytes for one purpose, derived from a key of the operator (HKDF with SHA-256)."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=f"b24-mcp {purpose}".encode()).derive(key.encode())


def _cipher(key: str, purpose: str) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(derived_key(key, purpose))
