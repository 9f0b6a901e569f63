"""Hosts with habits of their own, on the client of the SDK: `odd_hosts.py HABIT`.

Each calls the tools of the script and prints their answers. Without B24_MCP_URL it starts `b24-mcp` from PATH.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from tests.clients.verdict import SCRIPT

Arguments = dict[str, Any]
Habit = Callable[[Arguments, Mapping[str, Any]], Arguments]


def nulls(arguments: Arguments, properties: Mapping[str, Any]) -> Arguments:
    """Send `null` for everything that the model left out, as in the strict mode of OpenAI."""
    return dict.fromkeys(properties) | arguments


def empty_texts(arguments: Arguments, properties: Mapping[str, Any]) -> Arguments:
    """Send an empty text for everything that the model left out."""
    return dict.fromkeys(properties, "") | arguments


def texts(arguments: Arguments, properties: Mapping[str, Any]) -> Arguments:
    """Send every object and list as JSON text, also one level down."""

    def encoded(value: object) -> object:
        if isinstance(value, dict):
            value = {name: encoded(inner) for name, inner in value.items()}
        return json.dumps(value) if isinstance(value, dict | list) else value

    return {name: encoded(value) for name, value in arguments.items()}


def sorted_keys(arguments: Arguments, properties: Mapping[str, Any]) -> Arguments:
    """Sort the keys of all objects."""
    ordered: Arguments = json.loads(json.dumps(arguments, sort_keys=True))
    return ordered


def additions(arguments: Arguments, properties: Mapping[str, Any]) -> Arguments:
    """Add what n8n, Cline, Cursor and Gemini CLI add."""
    added = {"sessionId": "1", "action": "sendMessage", "chatInput": "hi", "toolCallId": "call_1", "tool": "b24"}
    return arguments | added | {"task_progress": "- [ ] step", "random_string": "x", "wait_for_previous": False}


HABITS: dict[str, Habit] = {
    "nulls": nulls,
    "empty-texts": empty_texts,
    "texts": texts,
    "sorted-keys": sorted_keys,
    "additions": additions,
}


async def main(habit: Habit) -> None:
    """Call the tools of the script, and print their answers."""
    url, token = os.environ.get("B24_MCP_URL", ""), os.environ.get("B24_HTTP_TOKEN", "")
    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=60) as http:
        command = StdioServerParameters(command="b24-mcp", env=dict(os.environ))
        target = streamable_http_client(url, http_client=http) if url else command
        async with Client(target) as client:
            schemas = {tool.name: tool.input_schema for tool in (await client.list_tools()).tools}
            for call in SCRIPT:
                arguments = habit(dict(call.arguments), schemas[call.tool]["properties"])
                result = await client.call_tool(call.tool, arguments)
                sys.stdout.write("".join(getattr(block, "text", "") for block in result.content) + "\n")


if __name__ == "__main__":
    asyncio.run(main(HABITS[sys.argv[1]]))
