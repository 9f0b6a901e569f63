"""The manifests are up to date, hold no secret, and start a server that answers."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from mcp import Client, StdioServerParameters

from b24_mcp import __version__
from b24_mcp.config.settings import Settings
from b24_mcp.connect.description import SUMMARY, VARIABLES
from b24_mcp.connect.formats import YAML, value_at
from b24_mcp.connect.manifests import manifests
from tests.loopback import loopback_portal

PROJECT = Path(__file__).parent.parent.parent
MANIFESTS = PROJECT / "manifests"
FILES = sorted(path for path in MANIFESTS.rglob("*") if path.is_file())
# The reference to B24_WEBHOOK_URL of each client, and what the client passes on when the variable is not set.
REFERENCES = {
    "${B24_WEBHOOK_URL:-}": "",
    "${env:B24_WEBHOOK_URL}": "${env:B24_WEBHOOK_URL}",
    "${B24_WEBHOOK_URL}": "${B24_WEBHOOK_URL}",
    "${input:b24-webhook-url}": "",
    "${user_config.webhook_url}": "${user_config.webhook_url}",
}


def test_the_files_are_up_to_date_with_the_description() -> None:
    """Run `make manifests` when this fails."""
    made = manifests(PROJECT)
    assert {str(path.relative_to(MANIFESTS)) for path in FILES} == set(made)
    for name, text in made.items():
        assert (MANIFESTS / name).read_text("utf-8") == text, f"manifests/{name}: run `make manifests`"


def test_the_command_that_writes_them_can_check_them() -> None:
    command = [sys.executable, "-m", "b24_mcp.connect", "--check"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(MANIFESTS)))
def test_a_manifest_holds_no_secret_and_no_path_of_this_computer(path: Path) -> None:
    text = unquote(path.read_text("utf-8"))
    assert "/rest/" not in text
    assert str(PROJECT) not in text


def test_every_described_variable_is_a_setting() -> None:
    assert {variable.name for variable in VARIABLES} <= {f"B24_{name.upper()}" for name in Settings.model_fields}


def test_the_description_meets_the_limits_of_the_registry() -> None:
    assert len(SUMMARY) <= 100
    server = json.loads((MANIFESTS / "registry/server.json").read_text("utf-8"))
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", server["name"])
    assert f"mcp-name: {server['name']}" in (PROJECT / "README.md").read_text("utf-8")


def test_all_names_belong_to_one_owner() -> None:
    server = json.loads((MANIFESTS / "registry/server.json").read_text("utf-8"))
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    owner, _, name = server["name"].removeprefix("io.github.").partition("/")
    address = f"https://github.com/{owner}/{name}"
    assert server["repository"]["url"] == address
    assert all(url.startswith(address) for url in project["urls"].values())


def test_the_version_has_a_dated_part_in_the_changelog() -> None:
    changes = (PROJECT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(rf"^## \[{re.escape(__version__)}\] - \d{{4}}-\d\d-\d\d$", changes, re.MULTILINE)


def entry_of(name: str) -> dict[str, Any]:
    """Return the entry as the client reads it: `command`, `args`, `env`, and the variables it passes on."""
    text = (MANIFESTS / name).read_text("utf-8")
    if name.endswith(".toml"):
        return dict(tomllib.loads(text)["mcp_servers"]["bitrix24"])
    entry: Any
    if name == "goose/recipe.yaml":
        entry = value_at(YAML.read(text), ("extensions", ("name", "bitrix24")))
    elif name.endswith(".yaml"):
        entry = value_at(YAML.read(text), ("extensions", "bitrix24"))
    elif name == "cursor/install-link.txt":
        (config,) = parse_qs(urlsplit(text.strip()).query)["config"]
        entry = json.loads(base64.b64decode(config))
    elif name == "vscode/install-link.txt":
        entry = json.loads(unquote(urlsplit(text.strip()).query))
    else:
        document = json.loads(text)
        entry = (document.get("mcpServers") or document.get("servers") or document.get("context_servers"))["bitrix24"]
    read: dict[str, Any] = {"command": entry.get("cmd"), "env": entry.get("envs", {})} | entry
    return read


STARTING = [
    "claude-code/.mcp.json",
    "claude-plugin/bitrix24/.claude-plugin/plugin.json",
    "claude-desktop/claude_desktop_config.json",
    "codex/config.toml",
    "copilot/mcp-config.json",
    "cursor/mcp.json",
    "cursor/install-link.txt",
    "gemini/settings.json",
    "gemini/gemini-extension.json",
    "goose/config.yaml",
    "goose/recipe.yaml",
    "vscode/mcp.json",
    "vscode/install-link.txt",
    "zed/settings.json",
]


@pytest.mark.parametrize("name", STARTING)
async def test_the_command_of_a_manifest_starts_and_answers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    entry = entry_of(name)
    with loopback_portal() as portal:
        assert "portal" not in await answer_of(entry, {"B24_WEBHOOK_URL": portal.address})
        assert portal.methods == ["profile"]


@pytest.mark.parametrize("name", ["claude-code/.mcp.json", "cursor/mcp.json", "codex/config.toml"])
async def test_without_a_webhook_the_sandbox_answers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert (await answer_of(entry_of(name), {}))["portal"].startswith("sandbox")


async def answer_of(entry: dict[str, Any], variables: dict[str, str]) -> dict[str, Any]:
    given = {name: resolved(value, variables) for name, value in entry.get("env", {}).items()}
    if "env_vars" in entry:  # only named variables are passed on
        given |= {name: variables[name] for name in entry["env_vars"] if name in variables}
    elif not given:  # the client passes on its whole environment
        given = variables
    kept = ("PATH", "PYTHONPATH", "B24_CONFIG")
    environment = {name: os.environ[name] for name in kept if name in os.environ} | {"B24_STATE": "memory"}
    command = StdioServerParameters(command=entry["command"], args=entry["args"], env=environment | given)
    async with Client(command) as client:
        (block,) = (await client.call_tool("call_method", {"method": "profile"})).content
    answer: dict[str, Any] = json.loads(getattr(block, "text", ""))
    assert answer["ok"]
    return answer


def resolved(value: str, variables: dict[str, str]) -> str:
    unset = REFERENCES[value]
    return variables.get("B24_WEBHOOK_URL", unset)


def test_a_bundle_installs_what_the_package_needs() -> None:
    ours = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    bundle = tomllib.loads((MANIFESTS / "mcpb/pyproject.toml").read_text("utf-8"))["project"]
    assert bundle["dependencies"] == ours["dependencies"]
    manifest = json.loads((MANIFESTS / "mcpb/manifest.json").read_text("utf-8"))
    assert manifest["server"]["mcp_config"]["args"][-2:] == ["-m", "b24_mcp"]
