"""The log of executed methods, which proves that a write was executed exactly once.

A request that was refused before its method ran has no entry. A batch has one entry of its own and one for every
executed command. Parameters are kept as text, so that a caller finds its calls by a marker in them.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

from b24_sandbox.php import Map, json_ready


@dataclass(frozen=True, slots=True)
class Execution:
    """One executed method. `error` is its error code, `None` on success; `params` is JSON text."""

    method: str
    params: str
    error: str | None


class Executions:
    """All executions in order."""

    def __init__(self) -> None:
        self.entries: list[Execution] = []

    def note(self, method: str, params: Map, error: str | None) -> None:
        """Add an entry."""
        self.entries.append(Execution(method, json.dumps(json_ready(params), ensure_ascii=False), error))

    def counts(self, marker: str = "") -> dict[str, int]:
        """Count the successes of each method, among calls with `marker` in their parameters."""
        return dict(Counter(entry.method for entry in self.entries if entry.error is None and marker in entry.params))
