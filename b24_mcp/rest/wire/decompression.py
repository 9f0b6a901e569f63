"""Decompression of a response body while it arrives: one layer, with a limit on the decompressed size."""

from __future__ import annotations

import zlib

ACCEPT_ENCODING = "gzip, deflate"
"""The value of Accept-Encoding for the compressions that this module supports."""

_GZIP = zlib.MAX_WBITS | 16


class DecompressionError(Exception):
    """The body is compressed in a way that is not supported, or its compressed form is broken."""


class TooLargeError(Exception):
    """The body is larger than allowed."""


class Decompressor:
    """The decompression of one body. `encoding` is its Content-Encoding, `largest` its largest size in bytes.

    Raises:
        DecompressionError: there are several layers, or a compression that was not asked for.
    """

    def __init__(self, encoding: str, largest: int) -> None:
        layers = [name for part in encoding.split(",") if (name := part.strip().lower()) not in ("", "identity")]
        if len(layers) > 1:
            raise DecompressionError("The answer is compressed more than once.")
        if layers and layers[0] not in ("gzip", "x-gzip", "deflate"):
            raise DecompressionError("The answer is compressed in a way that was not asked for.")
        self._bits = None if not layers else zlib.MAX_WBITS if layers[0] == "deflate" else _GZIP
        self._open = None if self._bits is None else zlib.decompressobj(self._bits)
        self._largest = largest
        self._received = 0
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> None:
        """Decompress the next piece.

        Raises:
            DecompressionError: the piece is broken.
            TooLargeError: the body is too large; no more than `largest` bytes were decompressed.
        """
        self._received += len(piece)
        if self._received > self._largest:
            raise TooLargeError
        if self._open is None:
            self._keep(piece)
            return
        while piece:
            piece = self._decompress(piece)

    def finish(self) -> bytes:
        """Return the whole body.

        Raises:
            DecompressionError: the compressed form is cut short.
        """
        if self._open is not None and self._received and not self._open.eof:
            raise DecompressionError("The compressed answer is broken or cut short.")
        return b"".join(self._pieces)

    def _decompress(self, piece: bytes) -> bytes:
        """Decompress a piece and return the bytes that are left, which may begin the next member of a gzip file."""
        if self._bits is None or self._open is None:
            return b""
        if self._open.eof:
            if self._bits != _GZIP:
                raise DecompressionError("The compressed answer is followed by other bytes.")
            self._open = zlib.decompressobj(_GZIP)
        allowed = self._largest - self._size + 1
        try:
            decompressed = self._open.decompress(piece, allowed)
        except zlib.error:
            if self._bits != zlib.MAX_WBITS or self._size:
                raise DecompressionError("The compressed answer is broken or cut short.") from None
            # Some servers send the raw form under the name deflate.
            self._bits, self._open = -zlib.MAX_WBITS, zlib.decompressobj(-zlib.MAX_WBITS)
            return piece
        self._keep(decompressed)
        return self._open.unused_data if self._open.eof else self._open.unconsumed_tail

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._largest:
            raise TooLargeError
        self._pieces.append(piece)
