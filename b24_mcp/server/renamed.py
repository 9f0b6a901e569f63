"""Old names of tools and of their arguments. Each keeps working for one version and is not listed.

`docs/development/renaming.md` describes the rule. Tests add entries of their own to the two tables.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from mcp.server.mcpserver import Context
from mcp_types import CallToolResult, InputRequiredResult, TextContent

from b24_mcp.app.app import App
from b24_mcp.server.deferred import DeferringServer

RENAMED_TOOLS: dict[str, str] = {}
"""The current name of a tool by its old name."""
RENAMED_ARGUMENTS: dict[str, dict[str, str]] = {}
"""The current names of arguments by their old names, by the current name of the tool."""


@dataclass(frozen=True, slots=True)
class CurrentCall:
    """A call of a tool under current names. `warnings` state the old names that the client used."""

    tool: str
    arguments: dict[str, object]
    warnings: tuple[str, ...]


def current_call(tool: str, arguments: Mapping[str, object]) -> CurrentCall:
    """Return a call with every old name replaced.

    An argument that is given under both names is left as it is: the validation of arguments then refuses the old one.
    """
    name = RENAMED_TOOLS.get(tool, tool)
    warnings = [] if name == tool else [_warning(f"The tool {tool}", name)]
    renamed: dict[str, object] = {}
    table = RENAMED_ARGUMENTS.get(name, {})
    for argument, value in arguments.items():
        current = table.get(argument, argument)
        if current != argument and current not in arguments:
            warnings.append(_warning(f"The argument {argument} of {name}", current))
            renamed[current] = value
        else:
            renamed[argument] = value
    return CurrentCall(name, renamed, tuple(warnings))


def _warning(subject: str, name: str) -> str:
    return f"{subject} is now named {name}. The old name stops working with the next version: use {name}."


class RenamingServer(DeferringServer):
    """An MCP server that accepts the old names of tools and arguments and adds a warning to the answer."""

    async def call_tool(
        self, name: str, arguments: dict[str, object], context: Context[App] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool by its current or its old name."""
        call = current_call(name, arguments)
        result = await super().call_tool(call.tool, call.arguments, context)
        if not call.warnings or not isinstance(result, CallToolResult):
            return result
        return _with_warnings(result, call.warnings)


def _with_warnings(result: CallToolResult, warnings: tuple[str, ...]) -> CallToolResult:
    """Return a result whose JSON lists these warnings before its own."""
    match result.content:
        case [TextContent(text=text)]:
            answer = json.loads(text)
            answer["warnings"] = [*warnings, *answer.get("warnings", ())]
            text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
            return result.model_copy(update={"content": [TextContent(type="text", text=text)]})
        case _:
            return result
