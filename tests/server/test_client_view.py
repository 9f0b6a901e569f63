"""Everything a client reads of the server before its first call: one snapshot, its size, and rules for each tool.

`client_view.json` holds the whole view of a current client under `default`. Every other view holds only what differs
from that one; `null` stands for what is absent. `python -m tests.server.test_client_view` writes the file again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from mcp import Client
from pydantic import BaseModel

from b24_mcp import __version__
from b24_mcp.access import Level
from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server

SNAPSHOT = Path(__file__).with_name("client_view.json")
VIEWS: Mapping[str, tuple[Literal["auto", "legacy"], Level, Sequence[str]]] = {
    "default": ("auto", "write", ()),
    "older protocol": ("legacy", "write", ()),
    "level read": ("auto", "read", ()),
    "level full": ("auto", "full", ()),
    "one portal": ("auto", "write", ("sandbox",)),
    "several portals": ("auto", "write", ("sales", "support", "sandbox")),
}
View = dict[str, Any]


async def view_of(era: Literal["auto", "legacy"], level: Level, portals: Sequence[str]) -> View:
    """Return what the server sends a client that connects and asks for every list. Tools are keyed by their name."""
    async with Client(build_server(Redactor(), level=level, portals=portals), mode=era) as client:
        session = client.session
        tools = sent(await client.list_tools())
        view: View = {
            "protocol": client.protocol_version,
            "server": sent(session.discover_result or session.initialize_result),
            "tools": tools | {"order": [tool["name"] for tool in tools["tools"]]},
            "prompts": sent(await client.list_prompts()),
            "resources": sent(await client.list_resources()),
            "resource_templates": sent(await client.list_resource_templates()),
        }
    view["tools"]["tools"] = {tool["name"]: tool for tool in tools["tools"]}
    unversioned: View = json.loads(json.dumps(view).replace(f'"{__version__}"', '"(version)"'))
    return unversioned


def sent(result: BaseModel | None) -> View:
    assert result is not None
    return result.model_dump(mode="json", by_alias=True, exclude_unset=True)


def difference(base: Any, other: Any) -> Any:
    """Return what of `other` differs from `base`; objects are compared key by key, everything else as a whole."""
    if not isinstance(base, dict) or not isinstance(other, dict):
        return other
    changed = {
        key: difference(base[key], value) if key in base else value
        for key, value in other.items()
        if key not in base or base[key] != value
    }
    return changed | dict.fromkeys(key for key in base if key not in other)


async def client_view() -> View:
    views = {name: await view_of(*arguments) for name, arguments in VIEWS.items()}
    base = views["default"]
    return {name: view if view is base else difference(base, view) for name, view in views.items()}


async def listed(client: Client) -> list[dict[str, Any]]:
    return [tool.model_dump(by_alias=True, exclude_none=True) for tool in (await client.list_tools()).tools]


async def test_clients_are_sent_what_the_snapshot_holds() -> None:
    assert await client_view() == json.loads(SNAPSHOT.read_text("utf-8"))


async def test_the_order_of_the_tools_is_the_same_in_every_view() -> None:
    orders = [(await view_of(*arguments))["tools"]["order"] for arguments in VIEWS.values()]
    whole = max(orders, key=len)
    assert all([name for name in whole if name in order] == order for order in orders)


async def test_the_list_stays_within_its_budget_of_tokens(client: Client) -> None:
    size = len(json.dumps(await listed(client), ensure_ascii=False, separators=(",", ":")))
    assert size / 4 < 4_000
    for tool in await listed(client):
        assert len(tool["description"]) <= 1_024


async def test_every_tool_is_annotated_and_describes_its_arguments(client: Client) -> None:
    for tool in await listed(client):
        assert tool["title"]
        assert set(tool["annotations"]) == {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"}
        for parameter in tool["inputSchema"]["properties"].values():
            assert parameter["description"]


async def test_schemas_are_flat_and_have_no_generated_titles(client: Client) -> None:
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
    SNAPSHOT.write_text(json.dumps(asyncio.run(client_view()), ensure_ascii=False, indent=1) + "\n", "utf-8")
