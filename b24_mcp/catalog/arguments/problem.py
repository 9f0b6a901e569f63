"""A problem with one argument."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem with one argument. `field` is its path. A `certain` problem is a mistake, any other is only unusual."""

    field: str
    message: str
    certain: bool
