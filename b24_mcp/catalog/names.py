"""Names as they are compared, and the name that a misspelt one is nearest to."""

from __future__ import annotations

from collections.abc import Iterable


def is_slip(typed: str, known: str) -> bool:
    """Whether two names, in any letter case, differ by a typing error: a letter more, less or other, or two swapped."""
    a, b = folded(typed), folded(known)
    if a == b:
        return True
    if min(len(a), len(b)) < 4:
        return False
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    a, b = a[start:], b[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[:2][::-1] and a[2:] == b[2:])


def nearest(typed: str, known: Iterable[str]) -> str | None:
    """Return the one known name that differs from the typed one by a typing error; None if none or several do."""
    meant = [name for name in known if is_slip(typed, name)]
    return meant[0] if len(meant) == 1 else None


def folded(name: str) -> str:
    """Return a name as it is compared: without underscores, in lower case."""
    return name.replace("_", "").lower()
