"""The decoding of one layer of encoding in a text, with the source position of each decoded part.

Two kinds of encoding are decoded. *Escapes* stand for one character each and can be mixed with plain characters:
percent, backslash, HTML and quoted-printable escapes. *Codecs* encode the bits of a whole text: base64, base32 and
hexadecimal. A codec is applied to the whole text, at each possible bit offset, without the characters outside its
alphabet. So the start of the encoded part and the line breaks in it do not matter.

The time is linear in the text: the patterns have no nested repeats and cannot restart inside a run.
"""

from __future__ import annotations

import binascii
import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import compress
from typing import Protocol

from b24_mcp.secrets.invisible import without_unseen

_HEX = rb"[0-9A-Fa-f]"
_PERCENT = rb"%(?:(?:25)*+(?:[uU](?P<pu>H{4})|(?P<p>H{2}))|(?P<percent>(?:25)++))".replace(b"H", _HEX)
# The look-behind prevents that a search restarts inside a run of backslashes.
_BACKSLASH = (
    rb"(?<!\\)(?:\\++(?:u(?P<u>H{4})|u\{0*+(?P<ub>H{1,6})\}|U(?P<ul>H{8})|x(?P<x>H{2})|x\{0*+(?P<xb>H{1,6})\}"
    rb"|(?P<octal>[0-3][0-7]{2})|(?P<c>[nrtbfv/\"'`]))|(?P<back>\\++))"
).replace(b"H", _HEX)
_HTML = (
    rb"&(?:amp;)*+(?:\#0*+(?P<dec>[0-9]{1,7});?|\#[xX]0*+(?P<hex>H{1,6});?|(?P<name>[A-Za-z][A-Za-z0-9]{1,31});)"
    rb"|(?P<amp>&(?:amp;)++)"
).replace(b"H", _HEX)
_QUOTED = rb"=(?:3[Dd])*+(?P<q>H{2})|(?P<equals>=(?:3[Dd])++)|(?P<soft>=[ \t]*+\r?+\n)".replace(b"H", _HEX)
_ESCAPES = re.compile(b"|".join((_PERCENT, _BACKSLASH, _HTML)))
# Decoded separately: a soft line break may be inside an escape, and `=` is rarely an escape.
_QUOTED_PRINTABLE = re.compile(_QUOTED)
_HEX_PREFIX = re.compile(rb"(?:(?<!H)|(?<=0[xX]H{2}))0[xX]".replace(b"H", _HEX))
_MARKS_OF_ESCAPES = bytes(0x31 if byte in b"%\\&" else 0x30 for byte in range(256))
_MARK_OF_QUOTED = bytes(0x31 if byte in b"=" else 0x30 for byte in range(256))
_MARK_OF_X = bytes(0x31 if byte in b"xX" else 0x30 for byte in range(256))
_MOST_PLACES_OF_X = 1_000
_MARK_OF_HEX = bytes(0x31 if byte in b"0" else 0x30 for byte in range(256))
_CODES = frozenset(("pu", "u", "ub", "ul", "xb", "hex"))
_BYTES = frozenset(("p", "x", "q"))
"""The escapes that stand for a byte of UTF-8, not for a code point."""
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
_LONGEST_STRADDLE = 8

_ALL = bytes(range(256))
_PRINTABLE = bytes((*b"\t\n\r", *range(32, 127)))
_MARKS = bytes(0x31 if byte in _PRINTABLE else 0x30 for byte in range(256))


class View(Protocol):
    """A decoded text: `data`, and the source position of each part of it."""

    data: bytes

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return the part of the source text from which `data[start:end]` was decoded."""
        ...


@dataclass(slots=True)
class Unescaped:
    """A text with its escapes decoded. `at` and `size` are the position of each decoded escape in `data`, `starts` and
    `ends` its position in the source text.
    """

    data: bytes = b""
    at: array[int] = field(default_factory=lambda: array("Q"))
    size: array[int] = field(default_factory=lambda: array("B"))
    starts: array[int] = field(default_factory=lambda: array("Q"))
    ends: array[int] = field(default_factory=lambda: array("Q"))

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return the part of the source text from which `data[start:end]` was decoded."""
        return self._place(start)[0], self._place(end - 1)[1]

    def _place(self, position: int) -> tuple[int, int]:
        last = bisect_right(self.at, position) - 1
        if last < 0:
            return position, position + 1
        if position < self.at[last] + self.size[last]:
            return self.starts[last], self.ends[last]
        place = self.ends[last] + position - self.at[last] - self.size[last]
        return place, place + 1


@dataclass(slots=True)
class Recoded:
    """The readable parts of the output of a codec. `at` are their positions in `data`, `places` among all bytes."""

    data: bytes
    text: bytes
    left_out: bytes
    bits: int
    offset: int
    at: list[int]
    places: list[int]
    _kept: array[int] | None = None

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return the part of the source text from which `data[start:end]` was decoded."""
        run = bisect_right(self.at, start) - 1
        shift = self.places[run] - self.at[run]
        if self._kept is None:
            self._kept = _kept(self.text, self.left_out)
        kept = self._kept
        first = (self.offset + 8 * (start + shift)) // self.bits
        last = -(-(self.offset + 8 * (end + shift)) // self.bits) - 1
        return kept[first], kept[min(last, len(kept) - 1)] + 1


def unescaped(data: bytes, *, quoted: bool = False) -> Unescaped | None:
    """Return the text with its escapes decoded, or with `quoted` those of quoted-printable; None when it has none."""
    pattern, marks = (_QUOTED_PRINTABLE, _MARK_OF_QUOTED) if quoted else (_ESCAPES, _MARKS_OF_ESCAPES)
    view = Unescaped()
    known: dict[bytes, bytes] = {}
    decoded = bytearray()
    done = 0
    for found in _each(pattern, data, marks):
        raw = found[0]
        if (meant := known.get(raw)) is None:
            meant = known[raw] = _meaning(found)
        if meant == raw:
            continue
        start = found.start()
        decoded += data[done:start]
        view.at.append(len(decoded))
        view.size.append(len(meant))
        view.starts.append(start)
        done = found.end()
        view.ends.append(done)
        decoded += meant
    if not view.at:
        return None
    view.data = bytes(decoded + data[done:])
    return view


def _each(pattern: re.Pattern[bytes], data: bytes, marks: bytes) -> Iterator[re.Match[bytes]]:
    """Yield each match that begins with one of the marked bytes.

    The positions come from `find`, which is faster than a pattern search and lets other threads run in between.
    """
    places = data.translate(marks)
    place = places.find(b"1")
    while place >= 0:
        found = pattern.match(data, place)
        if found is not None:
            yield found
        place = places.find(b"1", place + 1 if found is None else found.end())


def straddling(text: bytes, view: Unescaped, secrets: dict[bytes, list[bytes]]) -> Iterator[tuple[int, int]]:
    """Find secrets whose first characters were decoded as the end of an escape, as in `5%abc123%3A` for `abc123:`.

    `secrets` maps the beginnings (up to eight bytes) of secrets, in lower case, to the secrets. The result is positions
    in `text`.
    """
    lowered = view.data.lower()
    known: dict[bytes, list[tuple[int, bytes]]] = {}
    for at, size, start, end in zip(view.at, view.size, view.starts, view.ends, strict=True):
        raw = text[start:end]
        if (possible := known.get(raw)) is None:
            taken = range(1, min(len(raw), _LONGEST_STRADDLE + 1))
            possible = [(count, secret) for count in taken for secret in secrets.get(raw[-count:].lower(), ())]
            known[raw] = possible
        for count, secret in possible:
            if lowered.startswith(secret[count:], at + size):
                yield end - count, view.origin(at + size, at + size + len(secret) - count)[1]


def beginnings(secret: bytes) -> Iterator[bytes]:
    """Return the beginnings of a secret that `straddling` searches for."""
    return (secret[:size] for size in range(1, min(len(secret), _LONGEST_STRADDLE + 1)))


def recoded(data: bytes, shortest: int) -> Iterator[Recoded]:
    """Decode base64, base32 and hexadecimal. Only runs of at least `shortest` readable bytes are yielded."""
    yield from _from_base64(data, shortest)
    yield from _from_hex(data, shortest)
    yield from _from_base32(data, shortest)


def _meaning(found: re.Match[bytes]) -> bytes:
    """Return the bytes that an escape stands for; none for an invisible character."""
    for kind, written in found.groupdict().items():
        if written is None:
            continue
        if kind in _BYTES:
            return bytes((int(written, 16),))
        if kind in _CODES:
            return _character(int(written, 16))
        match kind:
            case "octal":
                return bytes((int(written, 8),))
            case "dec":
                return _character(int(written))
            case "name":
                return _named(written.decode("ascii")) or found[0]
            case "c":
                return _LETTERS.get(written, written)
            case "percent" | "amp" | "equals" | "back":
                return {"percent": b"%", "amp": b"&", "equals": b"=", "back": b"\\"}[kind]
    return b""


def _character(code: int) -> bytes:
    if code >= 0x110000:
        return b""
    return without_unseen(chr(code)).encode("utf-8", "surrogatepass")


def _named(name: str) -> bytes:
    from html.entities import html5  # not needed to start

    return html5.get(f"{name};", "").encode()


def _alphabet(characters: bytes) -> bytes:
    return bytes(byte for byte in _ALL if byte not in characters)


_DIGITS = b"0123456789"
_UPPER = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NOT_BASE64 = _alphabet(_UPPER + _UPPER.lower() + _DIGITS + b"+/-_")
_NOT_HEX = _alphabet(_DIGITS + b"abcdefABCDEF")
_NOT_BASE32 = _alphabet(_UPPER + _UPPER.lower() + b"234567")
_STANDARD = bytes.maketrans(b"-_", b"+/")
_IN_BASE_32 = bytes.maketrans(_UPPER + _UPPER.lower() + b"234567", (b"0123456789abcdefghijklmnop" * 2) + b"qrstuv")
_UPPER_MARKS = bytes(0x31 if byte in _UPPER + b"234567" else 0x30 for byte in range(256))
_LOWER_MARKS = bytes(0x31 if byte in _UPPER.lower() + b"234567" else 0x30 for byte in range(256))
# Texts in other scripts have no run of this length; encoded lines always have one.
_SHORTEST_BASE32_RUN = b"1" * 8


def _from_base64(data: bytes, shortest: int) -> Iterator[Recoded]:
    kept = data.translate(_STANDARD, _NOT_BASE64)
    if len(kept) * 6 < shortest * 8:
        return
    found = binascii.a2b_base64(kept + b"A" * (-len(kept) % 4))
    yield from _readable(found, data, _NOT_BASE64, 6, 0, shortest)
    number = int.from_bytes(found, "big")
    for skipped in range(1, 4):
        # Shifting the bits takes less time than decoding again. The skipped bits are the first bytes.
        shifted = (number << (skipped * 6 % 8)).to_bytes(len(found) + 1, "big")
        yield from _readable(shifted[1 + skipped * 6 // 8 :], data, _NOT_BASE64, 6, skipped * 6, shortest)


def _from_hex(data: bytes, shortest: int) -> Iterator[Recoded]:
    text = _without_prefixes(data)
    kept = text.translate(None, _NOT_HEX)
    if len(kept) < shortest * 2:
        return
    for skipped in range(2):
        end = skipped + (len(kept) - skipped) // 2 * 2
        yield from _readable(binascii.unhexlify(kept[skipped:end]), text, _NOT_HEX, 4, skipped * 4, shortest)


def _without_prefixes(data: bytes) -> bytes:
    """Return the text with spaces in place of each `0x` before hexadecimal digits."""
    if not _may_have_prefixes(data):
        return data
    text = bytearray(data)
    for found in _each(_HEX_PREFIX, data, _MARK_OF_HEX):
        text[found.start() : found.end()] = b"  "
    return bytes(text)


def _may_have_prefixes(data: bytes) -> bool:
    """Whether a text has `0x`. The letter is rare, while a search for both characters stops at each zero."""
    marks = data.translate(_MARK_OF_X)
    place = marks.find(b"1")
    for _ in range(_MOST_PLACES_OF_X):
        if place < 0:
            return False
        if data.startswith(b"0", place - 1):
            return True
        place = marks.find(b"1", place + 1)
    return b"0x" in data or b"0X" in data


def _from_base32(data: bytes, shortest: int) -> Iterator[Recoded]:
    if not any(_SHORTEST_BASE32_RUN in data.translate(marks) for marks in (_UPPER_MARKS, _LOWER_MARKS)):
        return
    kept = data.translate(_IN_BASE_32, _NOT_BASE32)
    bits = len(kept) * 5
    if bits < shortest * 8:
        return
    number = int(kept, 32)  # linear, since the base is a power of two
    for offset in range(8):
        padding = -(bits - offset) % 8
        first = 1 if offset else 0
        found = (number << padding).to_bytes((bits + padding - offset) // 8 + first, "big")[first:]
        yield from _readable(found, data, _NOT_BASE32, 5, offset, shortest)


def _readable(found: bytes, text: bytes, left_out: bytes, bits: int, offset: int, shortest: int) -> Iterator[Recoded]:
    """Yield the runs of at least `shortest` readable bytes, joined; nothing when there are none."""
    marks = found.translate(_MARKS)
    run = b"1" * shortest
    pieces, at, places = [], [], []
    size = 0
    start = marks.find(run)
    while start >= 0:
        end = marks.find(b"0", start + shortest)
        end = len(marks) if end < 0 else end
        pieces.append(found[start:end])
        at.append(size)
        places.append(start)
        size += end - start + 1
        start = marks.find(run, end)
    if pieces:
        yield Recoded(b"\0".join(pieces), text, left_out, bits, offset, at, places)


def _kept(text: bytes, left_out: bytes) -> array[int]:
    """Return the positions of the characters that are not left out."""
    flags = text.translate(bytes(byte not in left_out for byte in range(256)))
    return array("Q", compress(range(len(text)), flags))
