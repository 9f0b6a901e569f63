"""The tools are imported after the first answer, and are there for the first request that needs one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from mcp import Client

from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server

ASKS_WHAT_IS_LOADED = """
import sys
import b24_mcp.server.stdio
print(sorted({name.split(".")[1] for name in sys.modules if name.startswith("b24_mcp.")}))
"""
LATER = {"catalog", "rest", "discovery", "records", "docs", "schema"}


def test_a_start_imports_neither_the_client_nor_the_catalogue() -> None:
    command = [sys.executable, "-c", ASKS_WHAT_IS_LOADED]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    loaded = set(json.loads(done.stdout.replace("'", '"')))
    assert "server" in loaded
    assert not loaded & LATER


@pytest.mark.parametrize("first", ["list", "call"])
async def test_the_first_request_gets_the_tools(first: str) -> None:
    async with Client(build_server(Redactor())) as client:
        if first == "list":
            assert len((await client.list_tools()).tools) == 17
        else:
            assert not (await client.call_tool("find_methods", {"query": "add a deal"})).is_error


def test_each_lazy_export_of_the_access_rules_exists() -> None:
    from b24_mcp import access

    assert all(getattr(access, name) is not None for name in access.__all__)
    with pytest.raises(AttributeError, match="nothing_like_it"):
        access.nothing_like_it  # noqa: B018
