"""What calling a method does: whether it only reads.

A positive list, one method after another: a verb in a name proves nothing, since there are methods called `get` that
delete or acknowledge what they return. What is not listed counts as writing. Source: the documentation of each method.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


def is_reading(method: str) -> bool:
    """Tell whether a method, in any letter case, surely changes nothing, so that it may be called twice."""
    return method.lower() in _reading_methods()


def load() -> None:
    """Read the facts from disk now, so that no later question has to."""
    _reading_methods()


@cache
def _reading_methods() -> frozenset[str]:
    listed = files("b24_mcp.catalog").joinpath("data/reading_methods.txt")
    return frozenset(listed.read_text("utf-8").split())
