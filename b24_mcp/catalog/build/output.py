"""The files of a build: one line of JSON for each method and event. The same input gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from b24_mcp.catalog.facts import Event, MethodFacts
from b24_mcp.storage.folders import make_private


def write_methods(facts: Iterable[MethodFacts], folder: Path) -> int:
    """Write `methods.jsonl` and return its number of lines."""
    return _write(folder / "methods.jsonl", [one.to_json() for one in facts])


def write_events(events: Iterable[Event], folder: Path) -> int:
    """Write `events.jsonl` and return its number of lines."""
    rows = sorted(events, key=lambda event: (event.name.lower(), event.page or ""))
    return _write(folder / "events.jsonl", [event.to_json() for event in rows])


def _write(path: Path, lines: list[dict[str, object]]) -> int:
    make_private(path.parent)
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
    path.write_text(text, "utf-8", newline="\n")
    return len(lines)
