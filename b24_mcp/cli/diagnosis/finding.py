"""One finding of a check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one thing, whether it is in order, and what to do (empty when nothing)."""

    about: str
    status: Status
    said: str
    to_do: str = ""
