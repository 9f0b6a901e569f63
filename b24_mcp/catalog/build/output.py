"""The files of a build: one line of JSON for each method and event. The same input gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from b24_mcp.catalog.facts import MethodFacts
from b24_mcp.storage.folders import make_private


def write_methods(facts: Iterable[MethodFacts], folder: Path) -> int:
    """Write `methods.jsonl` and return its number of lines."""
    return _write(folder / "methods.jsonl", [one.to_json() for one in facts])


def write_events(events: Iterable[tuple[str, list[str], str]], folder: Path) -> int:
    """Write `events.jsonl` from (name, scope, page) and return its number of lines.

    `bind` is false for events of the user interface: JavaScript subscribes to them, and `event.bind` refuses them.
    """
    rows = sorted(events, key=lambda event: (event[0].lower(), event[2]))
    return _write(folder / "events.jsonl", [_event_form(*row) for row in rows])


def _event_form(event: str, scope: list[str], page: str) -> dict[str, object]:
    return {"event": event, "scope": scope, "page": page} | ({"bind": False} if "::" in event else {})


def _write(path: Path, lines: list[dict[str, object]]) -> int:
    make_private(path.parent)
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
    path.write_text(text, "utf-8", newline="\n")
    return len(lines)
