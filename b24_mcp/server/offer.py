"""What a client is offered: a highest access level, portals and tools. Settings and addresses can only narrow it.

The address of a server may end with `?access=read&portal=sales&tools=find,read,docs`. What cannot be read is refused: a
misspelt restriction must not count as absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import get_args
from urllib.parse import parse_qsl

from b24_mcp.access import LEVELS, Caller, Level
from b24_mcp.config.tool_groups import TOOL_GROUPS, TOOL_NAMES, tools_named

SCOPE_KEY = "b24_mcp.offer"
"""The key of the offer of an address in the scope of an HTTP request."""
WRITING_TOOLS = frozenset({*TOOL_GROUPS["write"], "export_records", "download_file"})
"""The tools that are not offered at level `read`."""
_NAMES = ("access", "portal", "tools")
_MOST_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer. `level` is the highest one. None means all portals, all tools. The first portal is the default."""

    level: Level = "full"
    portals: tuple[str, ...] | None = None
    tools: frozenset[str] | None = None

    def has(self, tool: str) -> bool:
        """Whether a tool is offered. Tools that this package does not know are."""
        if self.level == "read" and tool in WRITING_TOOLS:
            return False
        return self.tools is None or tool in self.tools or tool not in TOOL_NAMES

    def narrowed(self, other: Offer) -> Offer:
        """Return what both offers hold."""
        if self.portals is None or other.portals is None:
            portals = other.portals if self.portals is None else self.portals
        else:
            portals = tuple(name for name in self.portals if name in other.portals)
        if self.tools is None or other.tools is None:
            tools = other.tools if self.tools is None else self.tools
        else:
            tools = self.tools & other.tools
        return Offer(lower(self.level, other.level), portals, tools)

    def caller(self, caller: Caller) -> Caller:
        """Return the caller with no more rights than the offer."""
        level = caller.level if self.level == "full" else lower(self.level, caller.level or "full")
        portals = caller.portals
        if self.portals is not None:
            offered = frozenset(self.portals)
            portals = offered if portals is None else portals & offered
        return replace(caller, level=level, portals=portals)


EVERYTHING = Offer()


def lower(one: Level, other: Level) -> Level:
    """Return the narrower of two levels."""
    return min(one, other, key=LEVELS.index)


def offer_of_address(query: str, portals: Sequence[str] = ()) -> Offer:
    """Return the offer of the query of an address. `portals` are the configured ones, if they are known.

    Raises:
        ValueError: with what is wrong. Nothing may be served then.
    """
    if not query:
        return EVERYTHING
    if len(query) > _MOST_CHARACTERS:
        raise ValueError("the part after ? is too long")
    given: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, errors="replace"):
        if name not in _NAMES:
            close = get_close_matches(name.lower(), _NAMES, 1, 0.5)
            meant = f" ({close[0]} is probably meant)" if close else ""
            raise ValueError(f"{name[:40]!r} cannot be set there{meant}; there are {', '.join(_NAMES)}")
        if name in given:
            raise ValueError(f"{name} is given twice")
        given[name] = value
    return Offer(_level(given), _portals(given, portals), _tools(given))


def _level(given: Mapping[str, str]) -> Level:
    if "access" not in given:
        return "full"
    for level in get_args(Level):
        if given["access"] == level:
            found: Level = level
            return found
    raise ValueError(f"access is one of {', '.join(LEVELS)}, not {given['access'][:40]!r}")


def _portals(given: Mapping[str, str], known: Sequence[str]) -> tuple[str, ...] | None:
    if "portal" not in given:
        return None
    names = tuple(dict.fromkeys(part.strip() for part in given["portal"].split(",") if part.strip()))
    if not names:
        raise ValueError("portal names none")
    for name in names:
        if known and name not in known:
            raise ValueError(f"there is no portal {name[:40]!r}")
    return names


def _tools(given: Mapping[str, str]) -> frozenset[str] | None:
    if "tools" not in given:
        return None
    try:
        return frozenset(tools_named(given["tools"].split(",")))
    except ValueError as exc:
        raise ValueError(f"tools: {exc}") from None
