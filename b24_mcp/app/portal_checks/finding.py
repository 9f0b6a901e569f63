"""What the check of one use found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


class Unchanged:
    """The type of `UNCHANGED`: no other value is put in."""


UNCHANGED: Final = Unchanged()


@dataclass(frozen=True, slots=True)
class FieldFinding:
    """What was found about one value or name: a mistake when `certain`, else a warning.

    With `value` the value is put in instead of the one that was given, and the message says so. `missing` is set when
    the portal was not known to have a name or a value, which may be new.
    """

    message: str
    certain: bool = True
    value: object = UNCHANGED
    missing: bool = False


def mistake(message: str) -> FieldFinding:
    """Return the finding of a certain mistake."""
    return FieldFinding(message)


def missing(message: str) -> FieldFinding:
    """Return the finding of a name or a value that the portal was not known to have."""
    return FieldFinding(message, missing=True)


def warning(message: str) -> FieldFinding:
    """Return the finding of something unusual."""
    return FieldFinding(message, certain=False)
