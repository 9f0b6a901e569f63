"""The program that draws a chart, in a process of its own.

Its argument is the folder of the library. It reads a JSON object from stdin and writes the picture to stdout. The
library runs a JavaScript engine, whose memory goes back to the system only when the process ends. It exits with 3 when
the library is not installed.
"""

from __future__ import annotations

import contextlib
import json
import struct
import sys
import zlib

_SECONDS = 20
_NOT_INSTALLED = 3


def main() -> int:
    """Draw the chart and return the exit status."""
    sys.path.extend(filter(None, sys.argv[1:2]))
    try:
        import vl_convert
    except ImportError:
        return _NOT_INSTALLED
    asked = json.load(sys.stdin)
    # No address is allowed: the specification has its data in it, and nothing is fetched.
    options = {"format_locale": asked["locale"], "allowed_base_urls": [], "show_warnings": False}
    if asked["format"] == "svg":
        data = vl_convert.vegalite_to_svg(asked["spec"], **options).encode()
    else:
        data = _small(vl_convert.vegalite_to_png(asked["spec"], scale=asked["scale"], **options))
    sys.stdout.buffer.write(data)
    return 0


def _small(png: bytes) -> bytes:
    """Return a PNG with the same pixels, a third as large: the library compresses for speed."""
    before, packed, position = png[:8], b"", 8
    while position < len(png):
        (length,) = struct.unpack_from(">I", png, position)
        chunk = png[position : position + 12 + length]
        if chunk[4:8] == b"IDAT":
            packed += chunk[8:-4]
        elif chunk[4:8] != b"IEND":
            before += chunk
        position += len(chunk)
    return before + _chunk(b"IDAT", zlib.compress(zlib.decompress(packed), 9)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _limit() -> None:
    """Limit the processor time, where the system can."""
    if sys.platform != "win32":
        import resource

        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))


if __name__ == "__main__":
    _limit()
    sys.exit(main())
