"""The manifests do what they say: what each client would start, starts, and answers a call."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from tests.loopback import loopback_portal

MANIFESTS = Path(__file__).parent.parent / "manifests"


def claude_code(environment: dict[str, str]) -> StdioServerParameters:
    entry = json.loads((MANIFESTS / "claude-code" / ".mcp.json").read_text("utf-8"))["mcpServers"]["bitrix24"]
    assert entry["type"] == "stdio"
    own = {
        name: value.replace("${B24_WEBHOOK_URL:-}", environment.get("B24_WEBHOOK_URL", ""))
        for name, value in entry["env"].items()
    }
    return started(entry, own)


def cursor(environment: dict[str, str]) -> StdioServerParameters:
    entry = json.loads((MANIFESTS / "cursor" / "mcp.json").read_text("utf-8"))["mcpServers"]["bitrix24"]
    placeholder = "${env:B24_WEBHOOK_URL}"
    value = environment.get("B24_WEBHOOK_URL", placeholder)
    return started(entry, {name: text.replace(placeholder, value) for name, text in entry["env"].items()})


def codex(environment: dict[str, str]) -> StdioServerParameters:
    """Codex hands on only the variables that `env_vars` names."""
    entry = tomllib.loads((MANIFESTS / "codex" / "config.toml").read_text("utf-8"))["mcp_servers"]["bitrix24"]
    assert entry["required"] is True
    return started(entry, {name: environment[name] for name in entry["env_vars"] if name in environment})


def started(entry: dict[str, Any], variables: dict[str, str]) -> StdioServerParameters:
    """The command as it stands, with the folder on PATH into which the package was installed."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return StdioServerParameters(
        command=entry["command"], args=entry["args"], env={"PATH": path, "B24_STATE": "memory"} | variables
    )


@pytest.mark.parametrize("client_of", [claude_code, cursor, codex])
async def test_what_the_manifest_says_starts_and_answers(client_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert (await answer_of(client_of({})))["portal"].startswith("sandbox")
    with loopback_portal() as portal:
        assert "portal" not in await answer_of(client_of({"B24_WEBHOOK_URL": portal.address}))
        assert portal.methods == ["profile"]


async def answer_of(command: StdioServerParameters) -> dict[str, Any]:
    async with Client(command) as client:
        (block,) = (await client.call_tool("call_method", {"method": "profile"})).content
    answer: dict[str, Any] = json.loads(getattr(block, "text", ""))
    assert answer["ok"]
    return answer


@pytest.mark.parametrize("path", [path for path in MANIFESTS.rglob("*") if path.is_file()], ids=lambda path: path.name)
def test_a_manifest_holds_no_secret(path: Path) -> None:
    assert "/rest/" not in path.read_text("utf-8")
