"""Where a call mentions files: objects such as `{"$file": "offer.pdf"}`."""

from __future__ import annotations

from collections.abc import Iterator

FILE, KEEP = "$file", "$keep"
"""The names in such an object: the path of the file, and whether the files that a field has are kept."""


def mentioned_files(value: object) -> Iterator[dict[str, object]]:
    """Yield the objects that stand for files."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, dict) and FILE in one:
            yield one
        elif isinstance(one, dict):
            pending.extend(one.values())
        elif isinstance(one, list):
            pending.extend(one)


def mentions_files(value: object) -> bool:
    """Whether a JSON value has such an object in it."""
    return next(mentioned_files(value), None) is not None
