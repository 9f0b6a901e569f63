"""The clients we connect: where each keeps its configuration, and how an entry of a server looks there.

Sources: the documentation and, where that is silent, the behaviour of Claude Code 2.1, Codex 0.169, the agent of Cursor
(SDK 1.0), GitHub Copilot CLI 1.0, Gemini CLI 0.61 and goose 1.52; for VS Code and Claude Desktop their documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from b24_mcp.connect.description import (
    DEFAULT_PORTAL,
    FURTHER,
    STARTUP_SECONDS,
    SUMMARY,
    SURROUNDINGS,
    TOKEN,
    TOOL_SECONDS,
    VARIABLES,
    WEBHOOK,
)
from b24_mcp.connect.formats import JSON, TOML, YAML, Format
from b24_mcp.connect.jsonc import Step
from b24_mcp.connect.places import ConfigPlace
from b24_mcp.connect.wanted import Wanted

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ClientEntry:
    """How a server stands in a client's configuration.

    `says` is how it is reached, which is ours to set; `defaults` are settings a person may have changed and keeps;
    `beside` are values elsewhere in the same file that the entry needs.
    """

    says: Values
    defaults: Values = field(default_factory=dict)
    beside: tuple[tuple[tuple[Step, ...], Values], ...] = ()


@dataclass(frozen=True, slots=True)
class Client:
    """One client. `table` is where in its file the servers stand; `check` is what a person does to see it connected."""

    name: str
    title: str
    user: ConfigPlace
    project: str | None
    table: str
    entry: Callable[[Wanted], ClientEntry]
    check: str
    format: Format = JSON
    http: bool = True


def _variables(wanted: Wanted, reference: str | None) -> Values:
    """The environment of the server: a portal by its name, or the webhook by reference, never a secret."""
    if wanted.portal is not None:
        return {DEFAULT_PORTAL: wanted.portal}
    return {WEBHOOK: reference} if reference else {}


def _stdio(wanted: Wanted, reference: str | None, variables: str = "env") -> Values:
    assert wanted.launch is not None
    entry: Values = {"command": wanted.launch.command, "args": list(wanted.launch.arguments)}
    environment = _variables(wanted, reference)
    return entry | ({variables: environment} if environment else {})


def _headers(wanted: Wanted, reference: str) -> Values:
    return {"headers": {"Authorization": f"Bearer {reference}"}} if wanted.token else {}


def _claude_code(wanted: Wanted) -> ClientEntry:
    if wanted.url:
        return ClientEntry({"type": "http", "url": wanted.url} | _headers(wanted, f"${{{TOKEN}}}"))
    return ClientEntry({"type": "stdio"} | _stdio(wanted, f"${{{WEBHOOK}:-}}"))


def _cursor(wanted: Wanted) -> ClientEntry:
    if wanted.url:
        return ClientEntry({"url": wanted.url} | _headers(wanted, f"${{env:{TOKEN}}}"))
    return ClientEntry(_stdio(wanted, f"${{env:{WEBHOOK}}}"))


def _codex(wanted: Wanted) -> ClientEntry:
    # Codex hands on only named variables; without `required` a slow start leaves the first turn without tools.
    defaults = {"required": True, "startup_timeout_sec": STARTUP_SECONDS, "tool_timeout_sec": TOOL_SECONDS}
    if wanted.url:
        return ClientEntry({"url": wanted.url} | ({"bearer_token_env_var": TOKEN} if wanted.token else {}), defaults)
    names = [*(variable.name for variable in VARIABLES), *FURTHER, *SURROUNDINGS]
    return ClientEntry(_stdio(wanted, None) | {"env_vars": names}, defaults)


def _vscode(wanted: Wanted) -> ClientEntry:
    """VS Code asks once for an input and keeps it in the secret store of the operating system."""
    if wanted.url:
        says = {"type": "http", "url": wanted.url} | _headers(wanted, "${input:b24-http-token}")
        asked = _input("b24-http-token", "Token of the b24-mcp server")
        return ClientEntry(says, beside=asked if wanted.token else ())
    if wanted.scope == "user" or wanted.portal is not None:
        return ClientEntry({"type": "stdio"} | _stdio(wanted, None))
    asked = _input("b24-webhook-url", "Webhook of your Bitrix24 portal (empty: the sandbox)")
    return ClientEntry({"type": "stdio"} | _stdio(wanted, "${input:b24-webhook-url}"), beside=asked)


def _input(name: str, description: str) -> tuple[tuple[tuple[Step, ...], Values], ...]:
    value = {"type": "promptString", "id": name, "description": description, "password": True}
    return ((("inputs", ("id", name)), value),)


def _claude_desktop(wanted: Wanted) -> ClientEntry:
    return ClientEntry(_stdio(wanted, None))


def _copilot(wanted: Wanted) -> ClientEntry:
    if wanted.url:
        return ClientEntry({"type": "http", "url": wanted.url} | _headers(wanted, f"${{{TOKEN}}}"), {"tools": ["*"]})
    return ClientEntry({"type": "stdio"} | _stdio(wanted, f"${{{WEBHOOK}}}"), {"tools": ["*"]})


def _gemini(wanted: Wanted) -> ClientEntry:
    defaults = {"timeout": TOOL_SECONDS * 1000}
    if wanted.url:
        return ClientEntry({"httpUrl": wanted.url} | _headers(wanted, f"${{{TOKEN}}}"), defaults)
    return ClientEntry(_stdio(wanted, f"${{{WEBHOOK}}}"), defaults)


def _goose(wanted: Wanted) -> ClientEntry:
    defaults = {"enabled": True, "description": SUMMARY, "timeout": TOOL_SECONDS}
    if wanted.url:
        says = {"type": "streamable_http", "name": wanted.name, "uri": wanted.url} | _headers(wanted, f"${{{TOKEN}}}")
        return ClientEntry(says | ({"env_keys": [TOKEN]} if wanted.token else {}), defaults)
    says = _stdio(wanted, None, "envs")
    return ClientEntry({"type": "stdio", "name": wanted.name, "cmd": says.pop("command")} | says, defaults)


CLIENTS: Mapping[str, Client] = {
    client.name: client
    for client in (
        Client(
            "claude-code",
            "Claude Code",
            ConfigPlace(".claude.json", {"any": "~"}, (("CLAUDE_CONFIG_DIR", ""),)),
            ".mcp.json",
            "mcpServers",
            _claude_code,
            "`claude mcp list` shows it as connected. In a session: /mcp.",
        ),
        Client(
            "cursor",
            "Cursor",
            ConfigPlace("mcp.json", {"any": "~/.cursor"}),
            ".cursor/mcp.json",
            "mcpServers",
            _cursor,
            "Settings > MCP shows it with a green dot and its tools; restart Cursor when it does not.",
        ),
        Client(
            "codex",
            "Codex",
            ConfigPlace("config.toml", {"any": "~/.codex"}, (("CODEX_HOME", ""),)),
            ".codex/config.toml",
            "mcp_servers",
            _codex,
            "`codex mcp list` shows it as enabled. In a session: /mcp. A project's file counts where it is trusted.",
            TOML,
        ),
        Client(
            "vscode",
            "VS Code",
            ConfigPlace("mcp.json", {"any": "*/Code/User"}, (("VSCODE_PORTABLE", "user-data/User"),)),
            ".vscode/mcp.json",
            "servers",
            _vscode,
            "The command MCP: List Servers shows it; start it there.",
        ),
        Client(
            "claude-desktop",
            "Claude Desktop",
            ConfigPlace("claude_desktop_config.json", {"any": "*/Claude"}),
            None,
            "mcpServers",
            _claude_desktop,
            "Quit Claude Desktop and start it again; Settings > Developer shows it as running.",
            http=False,
        ),
        Client(
            "copilot",
            "GitHub Copilot CLI",
            ConfigPlace("mcp-config.json", {"any": "~/.copilot"}, (("COPILOT_HOME", ""),)),
            ".github/mcp.json",
            "mcpServers",
            _copilot,
            "In a session: /mcp show.",
        ),
        Client(
            "gemini",
            "Gemini CLI",
            ConfigPlace("settings.json", {"any": "~/.gemini"}, (("GEMINI_CLI_HOME", ".gemini"),)),
            ".gemini/settings.json",
            "mcpServers",
            _gemini,
            "`gemini mcp list` shows it as connected (in a folder that is trusted). In a session: /mcp.",
        ),
        Client(
            "goose",
            "goose",
            ConfigPlace(
                "config.yaml",
                {"any": "~/.config/goose", "windows": "*/Block/goose/config"},
                (("GOOSE_PATH_ROOT", "config"), ("XDG_CONFIG_HOME", "goose")),
            ),
            None,
            "extensions",
            _goose,
            "A new session has it; `goose configure` lists it under the extensions.",
            YAML,
        ),
    )
}
