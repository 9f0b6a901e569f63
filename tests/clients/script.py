"""What the invented model does: a list of steps, one per turn, whatever the client's dialect."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# Where a client offers tools only on request, these look for them.
_SEARCHES = ("ToolSearch", "tool_search", "tool_search_tool")
_STEP = re.compile(r"_s(\d+)_")
_SEARCHED = re.compile(r"_x(\d+)_")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool of ours, by its own name."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool as a client offers it to its model; some put it into a namespace."""

    name: str
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """What the model answers: a call of `tool`, or else the text."""

    text: str = ""
    id: str = ""
    tool: Offered | None = None
    arguments: dict[str, Any] | None = None


def next_turn(script: Sequence[Call], offered: Sequence[Offered], results: Sequence[tuple[str, str]]) -> Turn:
    """Give the next turn. `results` are those of earlier calls, by the id of the call, which says the step.

    So repeated requests and side requests (titles, summaries) do not disturb the script. After its last step the model
    says everything it was told.
    """
    if not offered:
        return Turn("ok")
    done = [int(found[1]) for id, _ in results if (found := _STEP.search(id))]
    step = max(done) + 1 if done else 0
    if step >= len(script):
        return Turn("FINAL " + "\n---\n".join(text for id, text in results if not _SEARCHED.search(id)))
    call = script[step]
    tool = _named(offered, call.tool)
    if tool is not None:
        return Turn(id=f"call_s{step}_{len(results)}", tool=tool, arguments=call.arguments)
    search = next((one for one in offered if one.name in _SEARCHES), None)
    if search is not None and not any(id for id, _ in results if f"_x{step}_" in id):
        words = call.tool.replace("_", " ")
        return Turn(id=f"call_x{step}_{len(results)}", tool=search, arguments={"query": words})
    return Turn(f"NO-SUCH-TOOL {call.tool}")


def _named(offered: Sequence[Offered], name: str) -> Offered | None:
    """Find our tool among those offered: each client puts something of its own in front of the name."""
    hits = [tool for tool in offered if re.search(rf"(?:^|[_.\-/:]){re.escape(name)}$", tool.name)]
    return min(hits, key=lambda tool: len(tool.name), default=None)
