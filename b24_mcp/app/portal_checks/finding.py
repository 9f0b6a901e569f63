"""What the check of one use found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


class Unchanged:
    """The type of `UNCHANGED`: no other value is put in."""


UNCHANGED: Final = Unchanged()


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one value or name: a mistake when `certain`, else a warning.

    With `value` the value is put in instead of the one that was given, and the message says so. `missing` is set when
    the portal was not known to have a name or a value, which may be new.
    """

    message: str
    certain: bool = True
    value: object = UNCHANGED
    missing: bool = False


def mistake(message: str) -> Finding:
    """Return the finding of a certain mistake."""
    return Finding(message)


def missing(message: str) -> Finding:
    """Return the finding of a name or a value that the portal was not known to have."""
    return Finding(message, missing=True)


def warning(message: str) -> Finding:
    """Return the finding of something unusual."""
    return Finding(message, certain=False)
