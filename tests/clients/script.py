"""The script of the invented model: a list of steps, one for each turn, independent of the API."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

# Some clients offer tools only after a search with one of these.
_SEARCHES = ("ToolSearch", "tool_search", "tool_search_tool")
_STEP = re.compile(r"_s(\d+)_")
_SEARCHED = re.compile(r"_x(\d+)_")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool of the server, by the name it has there."""

    tool: str
    arguments: dict[str, object]


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool as a client offers it to its model. Some clients add a namespace."""

    name: str
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer of the model: a call of `tool`, or the text when `tool` is None."""

    text: str = ""
    id: str = ""
    tool: Offered | None = None
    arguments: dict[str, object] | None = None


def next_turn(script: Sequence[Call], offered: Sequence[Offered], results: Sequence[tuple[str, str]]) -> Turn:
    """Return the next turn. `results` are pairs of the id and the result of earlier calls. The id holds the step.

    Repeated requests and side requests (titles, summaries) therefore do not change the script. After the last step the
    model repeats all results.
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
    """Return the offered tool with this name. Each client adds its own prefix to the name."""
    hits = [tool for tool in offered if re.search(rf"(?:^|[_.\-/:]){re.escape(name)}$", tool.name)]
    return min(hits, key=lambda tool: len(tool.name), default=None)
