"""Decompression of an answer while it arrives: one layer, and never more than an answer may hold."""

from __future__ import annotations

import zlib

ACCEPTED = "gzip, deflate"
"""The value of Accept-Encoding that goes with this module."""

_GZIP = zlib.MAX_WBITS | 16


class UnpackingError(Exception):
    """The answer is compressed in a way that is not accepted, or its compressed form is broken."""


class TooLargeError(Exception):
    """The answer is larger than it may be."""


class Unpacker:
    """Takes the pieces of one answer and returns its bytes. `encoding` is its Content-Encoding, `largest` in bytes.

    Raises:
        UnpackingError: for several layers, or a compression that was not asked for.
    """

    def __init__(self, encoding: str, largest: int) -> None:
        layers = [name for part in encoding.split(",") if (name := part.strip().lower()) not in ("", "identity")]
        if len(layers) > 1:
            raise UnpackingError("The answer is compressed more than once.")
        if layers and layers[0] not in ("gzip", "x-gzip", "deflate"):
            raise UnpackingError("The answer is compressed in a way that was not asked for.")
        self._bits = None if not layers else zlib.MAX_WBITS if layers[0] == "deflate" else _GZIP
        self._open = None if self._bits is None else zlib.decompressobj(self._bits)
        self._largest = largest
        self._packed = 0
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> None:
        """Unpack the next piece.

        Raises:
            UnpackingError: when it is broken.
            TooLargeError: when the answer gets too large; no more than `largest` bytes were unpacked.
        """
        self._packed += len(piece)
        if self._packed > self._largest:
            raise TooLargeError
        if self._open is None:
            self._keep(piece)
            return
        while piece:
            piece = self._unpacked(piece)

    def finish(self) -> bytes:
        """Return the whole answer.

        Raises:
            UnpackingError: when its compressed form is cut short.
        """
        if self._open is not None and self._packed and not self._open.eof:
            raise UnpackingError("The compressed answer is broken or cut short.")
        return b"".join(self._pieces)

    def _unpacked(self, piece: bytes) -> bytes:
        """Unpack a piece and return what follows the end of its compressed form, the next member of a gzip file."""
        if self._bits is None or self._open is None:
            return b""
        if self._open.eof:
            if self._bits != _GZIP:
                raise UnpackingError("The compressed answer is followed by other bytes.")
            self._open = zlib.decompressobj(_GZIP)
        room = self._largest - self._size + 1
        try:
            unpacked = self._open.decompress(piece, room)
        except zlib.error:
            if self._bits != zlib.MAX_WBITS or self._size:
                raise UnpackingError("The compressed answer is broken or cut short.") from None
            # Some servers send the raw form under the name deflate.
            self._bits, self._open = -zlib.MAX_WBITS, zlib.decompressobj(-zlib.MAX_WBITS)
            return piece
        self._keep(unpacked)
        return self._open.unused_data if self._open.eof else self._open.unconsumed_tail

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._largest:
            raise TooLargeError
        self._pieces.append(piece)
