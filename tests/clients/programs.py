"""The client programs: the package of each, the configuration it needs, and the command that runs it once."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from tests.clients.odd_hosts import HABITS
from tests.clients.verdict import SCRIPT
from tests.installing import NODE, node

MANIFESTS = Path(__file__).parent.parent.parent / "manifests"
PROMPT = "Who am I on this portal, and what fails?"


@dataclass(frozen=True, slots=True)
class Place:
    """The home, the project and the model of one run, and the folder of the installed programs."""

    home: Path
    project: Path
    model: str
    programs: Path

    def bin(self, package: str, name: str) -> str:
        """Return the path of an installed program."""
        return str(self.programs / package / "node_modules" / ".bin" / name)


@dataclass(frozen=True, slots=True)
class Command:
    """The command line of a client, and its environment variables besides those of every run."""

    arguments: list[str]
    variables: dict[str, str]


@dataclass(frozen=True, slots=True)
class OAuthLogin:
    """The command of a login. `back` says how the answer of the browser reaches the program."""

    arguments: list[str]
    back: Literal["visit", "paste"]


@dataclass(frozen=True, slots=True)
class Program:
    """One client program.

    `connected` is its name for `b24-mcp connect`; empty for one that uses a manifest only. `before` writes its own
    configuration before it is connected. `manifest` is a file in `manifests/`, and `pasted` the file below home or
    project to which the user copies it; empty when the manifest is used in place. A `library` takes the server from the
    environment instead, and its `version` holds the requirements. `logins` are its logins to a server over HTTP, by the
    way in which it introduces itself. With `own_login` it logs in while it runs, and
    introduces itself in that way. With `only_http` it starts no server. `person` is the
    id of the person who logs it in.
    """

    package: str
    version: str
    connected: str
    command: Callable[[Place], Command]
    before: Callable[[Place], None] = lambda place: None
    scope: str = "user"
    manifest: str = ""
    pasted: str = ""
    needs: tuple[str, ...] = ()
    cursor: bool = False
    library: bool = False
    logins: Mapping[str, Callable[[Place], OAuthLogin]] = field(default_factory=dict)
    own_login: str = ""
    only_http: bool = False
    person: str = "1"

    @property
    def packages(self) -> dict[str, str]:
        """The packages to install, by folder."""
        if self.only_http:
            return {self.package: self.version} | {name: _NPM[name] for name in self.needs}
        if self.library:
            return {self.package: f"pip:{self.version}"} if self.package else {}
        return {self.package: f"{_NPM[self.package]}@{self.version}"} | {name: _NPM[name] for name in self.needs}


_NPM = {
    "claude": "@anthropic-ai/claude-code",
    "codex": "@openai/codex",
    "cursorsdk": "@cursor/sdk",
    "copilot": "@github/copilot",
    "gemini": "@google/gemini-cli",
    "goose": "@aaif/goose-binary-linux-x64",
    "tsclient": "@modelcontextprotocol/client",
} | NODE


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), "utf-8")


def _claude(place: Place, *more: str, server: str = "bitrix24", **variables: str) -> Command:
    arguments = [*more, "-p", PROMPT, "--allowedTools", f"mcp__{server}__*", "--output-format", "json"]
    # Without the last variable, the first turn may begin before the server is ready.
    own = {"ANTHROPIC_BASE_URL": place.model, "ANTHROPIC_API_KEY": "sk-ant-dummy", "MCP_CONNECTION_NONBLOCKING": "0"}
    return Command([place.bin("claude", "claude"), *arguments], own | variables)


def _claude_legacy(place: Place) -> Command:
    return _claude(place, MCP_PROTOCOL_NEGOTIATION="legacy", ENABLE_TOOL_SEARCH="false")


def _claude_plugin(place: Place) -> Command:
    plugin = MANIFESTS / "claude-plugin/bitrix24"
    return _claude(place, "--plugin-dir", str(plugin), server="plugin_bitrix24_bitrix24")


def _codex_before(place: Place) -> None:
    _write(
        place.home / ".codex/config.toml",
        f"""model = "fake-model"
model_provider = "fake"
approval_policy = "never" # there is no user to ask
sandbox_mode = "read-only"
check_for_update_on_startup = false

[analytics]
enabled = false

[model_providers.fake]
name = "fake"
base_url = "{place.model}/v1"
wire_api = "responses"
env_key = "FAKE_KEY"

""",
    )


def _codex(place: Place) -> Command:
    agreed = "mcp_servers.bitrix24.default_tools_approval_mode=approve"
    arguments = ["exec", "--strict-config", "--skip-git-repo-check", "-c", agreed, PROMPT]
    return Command([place.bin("codex", "codex"), *arguments], {"FAKE_KEY": "x"})


def _claude_login(place: Place) -> OAuthLogin:
    return OAuthLogin([place.bin("claude", "claude"), "mcp", "login", "bitrix24", "--no-browser"], "paste")


def _codex_login(registration: str) -> Callable[[Place], OAuthLogin]:
    def login(place: Place) -> OAuthLogin:
        arguments = ["mcp", "login", "bitrix24", "--no-browser", "--oauth-client-registration", registration]
        return OAuthLogin([place.bin("codex", "codex"), *arguments], "visit")

    return login


def _cursor(place: Place) -> Command:
    agent = str(Path(__file__).parent / "cursor_agent.mjs")
    sdk = str(place.programs / "cursorsdk")
    variables = {"CURSOR_BACKEND_URL": place.model, "CURSOR_WEBSITE_URL": place.model, "CURSOR_SDK": sdk}
    return Command([node(place.programs), "--no-warnings", agent, str(place.project), PROMPT], variables)


def _copilot(place: Place) -> Command:
    arguments = ["-p", PROMPT, "--allow-all-tools", "--disable-client-telemetry", "--no-auto-update"]
    variables = {"COPILOT_PROVIDER_BASE_URL": f"{place.model}/v1", "COPILOT_PROVIDER_API_KEY": "x"}
    return Command(
        [place.bin("copilot", "copilot"), *arguments],
        variables | {"COPILOT_MODEL": "fake-model", "COPILOT_OFFLINE": "true"},
    )


def _gemini_before(place: Place) -> None:
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "general": {"disableAutoUpdate": True, "enableAutoUpdate": False},
    }
    _write(place.home / ".gemini/settings.json", settings)


def _gemini(place: Place) -> Command:
    arguments = ["-p", PROMPT, "--approval-mode", "yolo", "-m", "gemini-2.5-flash"]
    variables = {"GEMINI_API_KEY": "x", "GOOGLE_GEMINI_BASE_URL": place.model}
    return Command([place.bin("gemini", "gemini"), *arguments], variables)


def _goose_before(place: Place) -> None:
    own = "GOOSE_PROVIDER: openai\nGOOSE_MODEL: gpt-4o\nGOOSE_MODE: auto\nGOOSE_TELEMETRY_ENABLED: false\n"
    _write(place.home / ".config/goose/config.yaml", own)


def _goose(place: Place) -> Command:
    program = place.programs / "goose/node_modules/@aaif/goose-binary-linux-x64/bin/goose"
    variables = {"OPENAI_HOST": place.model, "OPENAI_API_KEY": "x", "GOOSE_DISABLE_KEYRING": "1"}
    return Command([str(program), "run", "--no-session", "-t", PROMPT], variables | {"GOOSE_TELEMETRY_OFF": "1"})


def _library(package: str, requirements: str, script: str, name: str) -> Program:
    """Return a program in Python that is run with its own packages before those of this environment."""

    def command(place: Place) -> Command:
        path = os.pathsep.join([*([str(place.programs / package)] if package else []), str(_ROOT)])
        variables = {"OPENAI_BASE_URL": f"{place.model}/v1", "OPENAI_API_KEY": "x", "PYTHONPATH": path}
        return Command([sys.executable, str(Path(__file__).with_name(script)), name], variables)

    return Program(package, requirements, "", command, library=True)


def _python_login(way: str) -> Program:
    """Return the OAuth client of the Python SDK, which introduces itself in this way."""
    return replace(_library("", "", "oauth_sdk.py", way), own_login=way)


def _typescript_login(way: str) -> Program:
    """Return the OAuth client of the TypeScript SDK, which introduces itself in this way."""

    def command(place: Place) -> Command:
        script = json.dumps([{"tool": call.tool, "arguments": call.arguments} for call in SCRIPT])
        client = str(Path(__file__).with_name("oauth_sdk.mjs"))
        arguments = [node(place.programs), client, way, str(place.programs / "tsclient"), sys.executable, script]
        return Command(arguments, {"PYTHONPATH": str(_ROOT)})

    return Program("tsclient", "2.4.0", "", command, needs=("node22",), own_login=way, person="2")


def _n8n(place: Place) -> Command:
    script = json.dumps([{"tool": call.tool, "arguments": call.arguments} for call in SCRIPT])
    client = str(Path(__file__).with_name("n8n.cjs"))
    return Command([node(place.programs), client, str(place.programs / "n8n"), script], {})


_N8N = " ".join(
    (
        "@modelcontextprotocol/sdk@1.26.0",
        "zod@3.25.76",
        "@n8n/json-schema-to-zod@1.16.0",
        "@langchain/core@1.2.8",
        "n8n-workflow@2.41.0",
        "lodash@4.18.1",
        "generate-schema@2.6.0",
        "@n8n/utils@1.48.0",
        "@n8n/di@0.17.0",
        "files:@n8n/n8n-nodes-langchain@2.41.1",
    )
)
"""The node of n8n, and what its code needs. All of n8n takes 1.9 GB."""
_ROOT = Path(__file__).parent.parent.parent
_FRAMEWORKS = {
    "langchain": "langchain-mcp-adapters==0.3.2 langchain-openai==1.7.4 langchain",
    "openai-agents": "openai-agents==0.24.0",
    "pydantic-ai": "pydantic-ai-slim[mcp,openai]==2.68.0",
}
LIBRARIES: dict[str, Program] = {
    name: _library(name, requirements, "frameworks.py", name) for name, requirements in _FRAMEWORKS.items()
} | {f"host-{habit}": _library("", "", "odd_hosts.py", habit) for habit in HABITS}

PROGRAMS: dict[str, Program] = {
    "claude": Program(
        "claude", "2.1.332", "claude-code", _claude, logins={"cimd": _claude_login, "dcr": _claude_login}
    ),
    "claude-legacy": Program("claude", "2.1.332", "claude-code", _claude_legacy),
    "claude-project": Program(
        "claude",
        "2.1.332",
        "claude-code",
        _claude,
        scope="project",
        manifest="claude-code/.mcp.json",
        pasted="project/.mcp.json",
    ),
    "claude-plugin": Program(
        "claude", "2.1.332", "", _claude_plugin, manifest="claude-plugin/bitrix24/.claude-plugin/plugin.json"
    ),
    "codex": Program(
        "codex",
        "0.171.0",
        "codex",
        _codex,
        _codex_before,
        manifest="codex/config.toml",
        pasted="home/.codex/config.toml",
        logins={"cimd": _codex_login("cimd"), "dcr": _codex_login("dcr")},
        person="2",
    ),
    "cursor": Program(
        "cursorsdk",
        "1.0.32",
        "cursor",
        _cursor,
        scope="project",
        manifest="cursor/mcp.json",
        pasted="project/.cursor/mcp.json",
        needs=("node22",),
        cursor=True,
    ),
    "copilot": Program(
        "copilot",
        "1.0.102",
        "copilot",
        _copilot,
        manifest="copilot/mcp-config.json",
        pasted="home/.copilot/mcp-config.json",
    ),
    "gemini": Program(
        "gemini",
        "0.61.0",
        "gemini",
        _gemini,
        _gemini_before,
        manifest="gemini/settings.json",
        pasted="home/.gemini/settings.json",
    ),
    "goose": Program(
        "goose",
        "1.52.0",
        "goose",
        _goose,
        _goose_before,
        manifest="goose/config.yaml",
        pasted="home/.config/goose/config.yaml",
    ),
    "n8n": Program("n8n", _N8N, "", _n8n, library=True, only_http=True, needs=("node22",)),
} | LIBRARIES
PROGRAMS |= {f"python-sdk-{way}": _python_login(way) for way in ("cimd", "dcr")}
PROGRAMS |= {f"typescript-sdk-{way}": _typescript_login(way) for way in ("cimd", "dcr")}
