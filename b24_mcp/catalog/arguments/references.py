"""Values that stand for others: references to results of earlier commands, and objects such as `{"$ref": …}`."""

from __future__ import annotations

import re

_REFERENCE = re.compile(r"\$\w+\[\S+")


def is_reference(value: object) -> bool:
    """Whether the whole value is a reference to a value that is not known yet."""
    if isinstance(value, str):
        return _REFERENCE.fullmatch(value) is not None
    return isinstance(value, dict) and len(value) == 1 and not value.keys().isdisjoint({"$ref", "$refArray"})


def has_reference(value: object) -> bool:
    """Whether a reference is the value or stands in its text."""
    return is_reference(value) or (isinstance(value, str) and _REFERENCE.search(value) is not None)


def stands_in(value: object) -> bool:
    """Whether an object stands for another value: a reference, or the content of a file."""
    if not isinstance(value, dict):
        return False
    return "$file" in value or (len(value) == 1 and not value.keys().isdisjoint({"$ref", "$refArray"}))
