"""The description of an offer, for a person who looks before a client connects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from mcp.server.mcpserver import MCPServer

from b24_mcp import __version__
from b24_mcp.access import Level
from b24_mcp.app.app import App
from b24_mcp.config.tool_groups import TOOL_GROUPS
from b24_mcp.rest import to_json
from b24_mcp.server.offer import Offer
from b24_mcp.server.offering import narrowed_tools

_CHARACTERS_PER_TOKEN = 4


class OfferedTool(TypedDict):
    """One tool of an offer. `reads` means that it changes nothing."""

    name: str
    group: str
    title: str
    reads: bool


class OfferForm(TypedDict):
    """An offer. `tokens` is about what the list of tools costs the model of a client."""

    server: str
    version: str
    access: Level
    portals: list[str]
    tools: list[OfferedTool]
    tokens: int


async def offer_form(server: MCPServer[App], offer: Offer, portals: Sequence[str]) -> OfferForm:
    """Return the description of what a server offers. `portals` are the configured ones, the default first."""
    listed = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in await server.list_tools()]
    kept = narrowed_tools(listed, offer)
    return OfferForm(
        server="b24-mcp",
        version=__version__,
        access=offer.level,
        portals=[name for name in portals if offer.portals is None or name in offer.portals],
        tools=[_tool(tool) for tool in kept],
        tokens=len(to_json(kept)) // _CHARACTERS_PER_TOKEN,
    )


def _tool(tool: dict[str, Any]) -> OfferedTool:
    group = next((group for group, names in TOOL_GROUPS.items() if tool["name"] in names), "")
    reads = bool(tool.get("annotations", {}).get("readOnlyHint"))
    return OfferedTool(name=tool["name"], group=group, title=tool.get("title", ""), reads=reads)
