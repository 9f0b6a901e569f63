"""Outcomes of the commands of a batch, read from any part of its answer."""

from __future__ import annotations

from typing import Any

from tests.server.conftest import Answer


def outcomes(answer: Answer) -> dict[str, Any]:
    """Return every outcome in the answer of a batch by the name of its command."""
    found: dict[str, Any] = {}
    for group in answer.get("equal", []):
        assert group["count"] == len(group["commands"])
        found |= {
            name: {key: group[key] for key in group if key not in ("count", "commands")} for name in group["commands"]
        }
    for table in answer.get("tables", []):
        assert table["columns"][0] == "command"
        for name, *cells in table["rows"]:
            found[name] = {"ok": table["ok"]} | dict(zip(table["columns"][1:], cells, strict=True))
    return {**found, **answer["results"]}
