"""The list of tools: what it costs every client, and what it promises."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mcp import Client

SNAPSHOT = Path(__file__).with_name("tools.json")


async def listed(client: Client) -> list[dict[str, Any]]:
    return [tool.model_dump(by_alias=True, exclude_none=True) for tool in (await client.list_tools()).tools]


async def test_the_list_is_the_one_we_last_agreed_on(client: Client) -> None:
    """Rewrite the snapshot on purpose: `python -m tests.server.test_tool_list`."""
    assert await listed(client) == json.loads(SNAPSHOT.read_text("utf-8"))


async def test_the_list_stays_within_its_budget_of_tokens(client: Client) -> None:
    size = len(json.dumps(await listed(client), ensure_ascii=False, separators=(",", ":")))
    assert size / 4 < 3_500
    for tool in await listed(client):
        assert len(tool["description"]) <= 1_024


async def test_every_tool_says_what_it_may_do_and_refuses_unknown_arguments(client: Client) -> None:
    for tool in await listed(client):
        assert tool["title"]
        assert set(tool["annotations"]) == {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"}
        assert tool["inputSchema"]["additionalProperties"] is False
        for parameter in tool["inputSchema"]["properties"].values():
            assert parameter["description"]


async def test_schemas_are_flat_and_hold_no_noise(client: Client) -> None:
    def keys(schema: Any, *, names: bool = False) -> set[str]:
        if isinstance(schema, list):
            return set().union(*map(keys, schema)) if schema else set()
        if not isinstance(schema, dict):
            return set()
        own = set() if names else set(schema)
        return own.union(*(keys(value, names=not names and key == "properties") for key, value in schema.items()))

    for tool in await listed(client):
        schema = tool["inputSchema"]
        assert not keys(schema) & {"$ref", "$defs", "title"}
        assert "anyOf" not in schema


async def test_no_tool_takes_an_address_or_a_secret(client: Client) -> None:
    for tool in await listed(client):
        assert not {"url", "webhook", "token", "auth", "host"} & set(tool["inputSchema"]["properties"])


if __name__ == "__main__":
    import asyncio

    from b24_mcp.secrets import Redactor
    from b24_mcp.server.mcp_server import build_server

    async def rewrite() -> None:
        async with Client(build_server(Redactor())) as client:
            SNAPSHOT.write_text(json.dumps(await listed(client), ensure_ascii=False, indent=1) + "\n", "utf-8")

    asyncio.run(rewrite())
