"""The rows that were read so far, in little memory."""

from __future__ import annotations

import hashlib
import json

from b24_mcp.rest.listing.rows import whole_number

_BLOCK = 12
_CHUNK = 256


class SeenRows:
    """A set of row ids: whole numbers are bits, every other value is a digest."""

    def __init__(self) -> None:
        self._bits: dict[int, int] = {}
        self._others: set[bytes] = set()
        self.count = 0

    def add(self, value: object) -> bool:
        """Add the id of a row, or a whole row. Return whether it is new."""
        number = whole_number(value)
        if number is None:
            digest = fingerprint(value)
            new = digest not in self._others
            self._others.add(digest)
        else:
            block, bit = number >> _BLOCK, 1 << (number & ((1 << _BLOCK) - 1))
            known = self._bits.get(block, 0)
            new = not known & bit
            self._bits[block] = known | bit
        self.count += new
        return new

    def has(self, value: object) -> bool:
        """Whether the id of a row, or a whole row, was added."""
        number = whole_number(value)
        if number is None:
            return fingerprint(value) in self._others
        return bool(self._bits.get(number >> _BLOCK, 0) >> (number & ((1 << _BLOCK) - 1)) & 1)

    def ranges(self, most: int, last: int | None) -> list[tuple[int, int]] | None:
        """Divide the numbers into up to `most` ranges of similar size, as `(upper bound, count of numbers)`.

        With `last` one more range follows, for the numbers above it. None if not every row is a number.
        """
        if self._others:
            return None
        chunks = [
            ((block << _BLOCK) + begin + _CHUNK - 1, (bits >> begin & (1 << _CHUNK) - 1).bit_count())
            for block, bits in sorted(self._bits.items())
            for begin in range(0, 1 << _BLOCK, _CHUNK)
        ]
        above = 0 if last is None else self.above(last)
        ranges: list[tuple[int, int]] = []
        held = 0
        for until, count in chunks:
            held += count
            if last is not None and until >= last:
                break
            if held * most >= self.count:
                ranges.append((until, held))
                held = 0
        if last is None:
            return [*ranges, (chunks[-1][0], held)] if chunks else []
        ranges.append((last, self.count - above - sum(count for _, count in ranges)))
        return [*ranges, (last, above)]

    def above(self, last: int) -> int:
        """Return the count of numbers above `last`."""
        top = last >> _BLOCK
        inside = self._bits.get(top, 0) >> (last & ((1 << _BLOCK) - 1)) + 1
        return inside.bit_count() + sum(bits.bit_count() for block, bits in self._bits.items() if block > top)


def fingerprint(value: object) -> bytes:
    """Return a digest of a JSON value."""
    return hashlib.blake2b(json.dumps(value, sort_keys=True, default=str).encode(), digest_size=12).digest()
