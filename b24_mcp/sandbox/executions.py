"""What really ran: a log that only grows, to prove that a write was executed exactly once.

A request that was refused before its method began leaves no entry; a batch leaves one for itself and one for every
command that ran. Parameters are kept as text, so that a caller finds its own by any marker it put into them.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

from b24_mcp.sandbox.php import Map, json_ready


@dataclass(frozen=True, slots=True)
class Execution:
    """One method that ran. `error` is the code it ended with, `None` on success; `params` JSON text."""

    method: str
    params: str
    error: str | None


class Executions:
    """All executions in order."""

    def __init__(self) -> None:
        self.entries: list[Execution] = []

    def note(self, method: str, params: Map, error: str | None) -> None:
        """Add one."""
        self.entries.append(Execution(method, json.dumps(json_ready(params), ensure_ascii=False), error))

    def counts(self, marker: str = "") -> dict[str, int]:
        """How often each method succeeded, among calls with `marker` somewhere in their parameters."""
        return dict(Counter(entry.method for entry in self.entries if entry.error is None and marker in entry.params))
