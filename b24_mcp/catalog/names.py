"""Names as they are compared, and the name that a misspelt one is nearest to."""

from __future__ import annotations

from collections.abc import Iterable

_SHORTEST = 4
_LONG = 9
_TWO = 2


def is_slip(typed: str, known: str) -> bool:
    """Whether two names, in any letter case, differ by a typing error: a letter more, less or other, or two swapped."""
    a, b = folded(typed), folded(known)
    if a == b:
        return True
    if max(len(a), len(b)) < _SHORTEST or min(len(a), len(b)) < _SHORTEST - 1:
        return False
    return _is_one_slip(a, b)


def nearest(typed: str, known: Iterable[str]) -> str | None:
    """Return the one known name that differs from the typed one by a typing error; None if none or several do."""
    meant = [name for name in known if is_slip(typed, name)]
    return meant[0] if len(meant) == 1 else None


def nearest_ones(typed: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Return the known names that a typed one may stand for; none when nothing is near.

    Those that differ in letter case or underscores come before those with a typing error, then those with `Id` more or
    less at the end, then long ones with two typing errors.
    """
    names = list(dict.fromkeys(known))
    a = folded(typed)
    for is_near in (_is_same, is_slip, _has_id, _has_two_slips):
        meant = [name for name in names if is_near(typed, name)]
        if meant:
            return meant if len(meant) <= most and a else []
    return []


def _is_same(typed: str, known: str) -> bool:
    return folded(typed) == folded(known)


def _has_id(typed: str, known: str) -> bool:
    short, long = sorted((folded(typed), folded(known)), key=len)
    return len(short) >= _SHORTEST and long in (f"{short}id", f"{short}ids")


def _has_two_slips(typed: str, known: str) -> bool:
    """Whether two long names differ by two typing errors, the second after the first."""
    a, b = folded(typed), folded(known)
    if min(len(a), len(b)) < _LONG or abs(len(a) - len(b)) > _TWO:
        return False
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    a, b = a[start:], b[start:]
    rests = [(a[1:], b[1:]), (a[1:], b), (a, b[1:])]
    if a[:2] == b[:2][::-1]:
        rests.append((a[2:], b[2:]))
    return any(_is_one_slip(one, other) for one, other in rests)


def _is_one_slip(a: str, b: str) -> bool:
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    a, b = a[start:], b[start:]
    return a == b or a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[:2][::-1] and a[2:] == b[2:])


def folded(name: str) -> str:
    """Return a name as it is compared: without underscores, in lower case."""
    return name.replace("_", "").lower()


def in_capitals(name: str) -> str:
    """Return `STAGE_ID` for `stageId`."""
    return name if name == name.upper() else "".join(f"_{sign}" if sign.isupper() else sign for sign in name).upper()
