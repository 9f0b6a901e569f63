"""Middleware that keeps each client within its offer: lists, instructions, calls of tools and reading of resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS

from b24_mcp.app.app import App
from b24_mcp.config.tool_groups import TOOL_GROUPS, TOOL_NAMES
from b24_mcp.errors import our_error
from b24_mcp.server.instructions import instructions_for
from b24_mcp.server.offer import EVERYTHING, SCOPE_KEY, Offer

_RESOURCES = {
    "b24://records": TOOL_GROUPS["data"],
    "b24://method": ("describe_method",),
    "b24://doc": ("read_doc", "search_docs"),
}
"""The tools that show the same as a resource. Without all of them, the resource is not offered."""


def address_offer(request: object) -> Offer:
    """Return the offer of the address of an HTTP request; everything over stdio."""
    scope = getattr(request, "scope", None)
    found = scope.get(SCOPE_KEY) if isinstance(scope, Mapping) else None
    return found if isinstance(found, Offer) else EVERYTHING


class OfferMiddleware:
    """The middleware. `base` is the offer of the settings, which the address of a request narrows."""

    def __init__(self, base: Offer) -> None:
        self._base = base

    async def __call__(self, ctx: ServerRequestContext[App, Any], call_next: CallNext) -> HandlerResult:
        """Handle a message of a client within its offer."""
        offer = self._base.narrowed(address_offer(ctx.request))
        if ctx.method == "resources/read" and not _has_resource(str((ctx.params or {}).get("uri")), offer):
            raise MCPError(INVALID_PARAMS, "This resource is not offered to this client.")
        result = await call_next(ctx)
        if not isinstance(result, dict):
            return result
        match ctx.method:
            case "tools/list":
                return result | {"tools": narrowed_tools(result.get("tools", []), offer)}
            case "resources/list":
                return result | {"resources": _offered(result.get("resources", []), "uri", offer)}
            case "resources/templates/list":
                kept = _offered(result.get("resourceTemplates", []), "uriTemplate", offer)
                return result | {"resourceTemplates": kept}
            case "initialize" | "server/discover" if "instructions" in result:
                return result | {"instructions": instructions_for(offer)}
        return result


def narrowed_tools(tools: Sequence[Any], offer: Offer) -> list[Any]:
    """Return the entries of a list of tools that an offer holds, with its portals."""
    kept = [tool for tool in tools if offer.has(tool.get("name"))]
    return kept if offer.portals is None else [_with_portals(tool, offer.portals) for tool in kept]


def _with_portals(tool: Mapping[str, Any], portals: Sequence[str]) -> Mapping[str, Any]:
    """Return an entry whose argument `portal` has only these values, the default first; without it for one portal."""
    schema = tool["inputSchema"]
    properties = schema.get("properties", {})
    known = properties.get("portal", {}).get("enum")
    if known is None:
        return tool
    names = [name for name in known if name in portals]
    others = {name: value for name, value in properties.items() if name != "portal"}
    if len(names) > 1:
        others["portal"] = properties["portal"] | {"enum": names, "description": f"Which portal. Default {names[0]}"}
    return {**tool, "inputSchema": {**schema, "properties": others}}


def check_offered(tool: str, request: object) -> None:
    """Check that the address of a request offers a tool.

    Raises:
        B24Error: `B24MCP_POLICY`; nothing was sent.
    """
    offer = address_offer(request)
    if not offer.has(tool):
        others = ", ".join(sorted(filter(offer.has, TOOL_NAMES)))
        hint = f"Nothing was sent. The address offers: {others or 'no tool'}."
        raise our_error("B24MCP_POLICY", f"The address of this server leaves out {tool}.", hint=hint)


def _has_resource(uri: str, offer: Offer) -> bool:
    if not uri.lower().startswith("b24:"):
        return True  # prompts as skills: texts of this package
    tools = next((tools for start, tools in _RESOURCES.items() if uri.lower().startswith(start)), tuple(TOOL_NAMES))
    return any(map(offer.has, tools))


def _offered(entries: Sequence[Any], key: str, offer: Offer) -> list[Any]:
    return [entry for entry in entries if _has_resource(str(entry.get(key)), offer)]
