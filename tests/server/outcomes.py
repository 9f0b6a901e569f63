"""Outcomes of the commands of a batch, read from any part of its answer."""

from __future__ import annotations

import re
from typing import Any

from tests.server.conftest import Answer


def outcomes(answer: Answer) -> dict[str, Any]:
    """Return every outcome in the answer of a batch by the name of its command."""
    found: dict[str, Any] = {}
    for group in answer.get("equal", []):
        commands = [name for written in group["commands"] for name in named(written)]
        assert group["count"] == len(commands)
        found |= {name: {key: group[key] for key in group if key not in ("count", "commands")} for name in commands}
    for table in answer.get("tables", []):
        assert table["columns"][0] == "command"
        for name, *cells in table["rows"]:
            found[name] = {"ok": table["ok"]} | dict(zip(table["columns"][1:], cells, strict=True))
    return {**found, **answer["results"]}


def named(written: str) -> list[str]:
    """Return the names in a range such as `u1..u300`; other names stand for themselves."""
    found = re.fullmatch(r"(.*?)(\d+)\.\.\1(\d+)", written)
    if found is None:
        return [written]
    return [f"{found[1]}{number}" for number in range(int(found[2]), int(found[3]) + 1)]
