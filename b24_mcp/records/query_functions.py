"""Functions of SQL that know the case of letters in every script. SQLite itself knows that of ASCII only.

`query_process` loads this module. It imports the standard library only.
"""

from __future__ import annotations

import sqlite3
from functools import lru_cache

_LONGEST_PATTERN = 1_000

Piece = str | tuple[str | None, ...]
"""What a pattern of LIKE has between two `%`: a text, or single characters of which None is any one (`_`)."""


def add_unicode(db: sqlite3.Connection) -> None:
    """Replace `LIKE`, `lower`, `upper` and the collation `NOCASE` of a connection."""
    db.create_function("like", 2, like, deterministic=True)
    db.create_function("like", 3, like, deterministic=True)
    db.create_function("lower", 1, _lower, deterministic=True)
    db.create_function("upper", 1, _upper, deterministic=True)
    db.create_collation("NOCASE", _compare)


def like(pattern: object, text: object, escape: object = None) -> int | None:
    """Return whether a text is like a pattern, without case. The arguments are in the order of SQLite."""
    if pattern is None or text is None:
        return None
    mark = "" if escape is None else _as_text(escape).lower()
    if escape is not None and len(mark) != 1:
        raise ValueError("ESCAPE expression must be a single character")
    return int(_matches(_pieces(_as_text(pattern).lower(), mark), _as_text(text).lower()))


def _lower(value: object) -> str | None:
    return None if value is None else _as_text(value).lower()


def _upper(value: object) -> str | None:
    return None if value is None else _as_text(value).upper()


def _compare(one: str, other: str) -> int:
    one, other = one.lower(), other.lower()
    return (one > other) - (one < other)


def _as_text(value: object) -> str:
    """Return a value as SQLite converts it to a text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float):
        return f"{value:.1f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    return str(value)


@lru_cache(maxsize=32)
def _pieces(pattern: str, escape: str) -> tuple[Piece, ...]:
    if len(pattern) > _LONGEST_PATTERN:
        raise ValueError("LIKE pattern too complex")
    pieces: list[list[str | None]] = [[]]
    characters = iter(pattern)
    for character in characters:
        if escape and character == escape:
            pieces[-1].append(next(characters, None))
        elif character == "%":
            pieces.append([])
        else:
            pieces[-1].append(None if character == "_" else character)
    return tuple(tuple(piece) if None in piece else "".join(map(str, piece)) for piece in pieces)


def _matches(pieces: tuple[Piece, ...], text: str) -> bool:
    first, last = pieces[0], pieces[-1]
    if not _fits_at(first, text, 0):
        return False
    if len(pieces) == 1:
        return len(text) == len(first)
    at, end = len(first), len(text) - len(last)
    for piece in pieces[1:-1]:
        found = _find(piece, text, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return at <= end and _fits_at(last, text, end)


def _find(piece: Piece, text: str, at: int, end: int) -> int:
    """Return the first place of a piece at or after `at` that ends at or before `end`; -1 if there is none."""
    if isinstance(piece, str):
        return text.find(piece, at, max(end, 0))
    return next((place for place in range(at, end - len(piece) + 1) if _fits_at(piece, text, place)), -1)


def _fits_at(piece: Piece, text: str, at: int) -> bool:
    if isinstance(piece, str):
        return text.startswith(piece, at)
    return at + len(piece) <= len(text) and all(
        wanted is None or wanted == text[place] for place, wanted in enumerate(piece, start=at)
    )
