"""Risky and ordinary calls as data: a new one is a line in a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Call:
    """One call. `kinds` are the risks that need approval."""

    method: str
    params: Any
    kinds: list[str] = field(default_factory=list)

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of the tool `call_method`, and of one command of `batch_call`."""
        return {"method": self.method, "params": self.params}


def read_calls(name: str) -> list[Call]:
    """Return the calls in a file of this folder."""
    return [Call(**json.loads(line)) for line in (FOLDER / name).read_text("utf-8").splitlines()]


def with_values(params: Any, change: Callable[[Any], Any]) -> Any:
    """Return parameters with every value that is not a container changed."""
    if isinstance(params, dict):
        return {name: with_values(value, change) for name, value in params.items()}
    if isinstance(params, list):
        return [with_values(value, change) for value in params]
    return change(params)


RISKY = read_calls("risky_calls.jsonl")
ORDINARY = read_calls("ordinary_calls.jsonl")
