"""The supported clients: the location of their configuration, and the form of a server's entry in it.

Source: documentation, and where it is silent the measured behaviour of Claude Code 2.1, Codex 0.169, the agent of
Cursor (SDK 1.0), GitHub Copilot CLI 1.0, Gemini CLI 0.61 and goose 1.52. For VS Code, Claude Desktop and Zed:
documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from b24_mcp.connect.description import (
    DEFAULT_PORTAL,
    SESSION_VARIABLES,
    STARTUP_SECONDS,
    SUMMARY,
    TOKEN,
    TOKEN_INPUT,
    TOOL_SECONDS,
    UNPROMPTED_VARIABLES,
    VARIABLES,
    WEBHOOK,
)
from b24_mcp.connect.formats import JSON, TOML, YAML, Format
from b24_mcp.connect.jsonc import Step
from b24_mcp.connect.locations import ConfigLocation
from b24_mcp.connect.spec import ServerSpec

Values = dict[str, object]
_Elsewhere = tuple[tuple[tuple[Step, ...], Values], ...]


@dataclass(frozen=True, slots=True)
class ClientEntry:
    """The entry of a server in a client's configuration.

    `required` values say how the server is started or reached, and are always written. `defaults` are written only
    where the user has not set a value. `elsewhere` are values that the entry needs at other paths of the same file.
    """

    required: Values
    defaults: Values = field(default_factory=dict)
    elsewhere: _Elsewhere = ()


@dataclass(frozen=True, slots=True)
class Client:
    """One client. `table` is the key of the servers in its file; `check` tells the user how to see the connection.

    `programs` are its commands, and `folders` further folders in the home folder. With one, it is installed.
    """

    name: str
    title: str
    user: ConfigLocation
    project: str | None
    table: str
    entry: Callable[[ServerSpec], ClientEntry]
    check: str
    format: Format = JSON
    http: bool = True
    programs: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


def _variables(server: ServerSpec, reference: str | None) -> Values:
    """Return the environment of the server: the name of a portal, or a reference to the webhook. Never a secret."""
    if server.portal is not None:
        return {DEFAULT_PORTAL: server.portal}
    return {WEBHOOK: reference} if reference else {}


def _stdio(server: ServerSpec, reference: str | None, variables: str = "env") -> Values:
    assert server.launch is not None
    entry: Values = {"command": server.launch.command, "args": list(server.launch.arguments)}
    environment = _variables(server, reference)
    return entry | ({variables: environment} if environment else {})


def _headers(server: ServerSpec, reference: str) -> Values:
    return {"headers": {"Authorization": f"Bearer {reference}"}} if server.token else {}


def _claude_code(server: ServerSpec) -> ClientEntry:
    if server.url:
        return ClientEntry({"type": "http", "url": server.url} | _headers(server, f"${{{TOKEN}}}"))
    return ClientEntry({"type": "stdio"} | _stdio(server, f"${{{WEBHOOK}:-}}"))


def _cursor(server: ServerSpec) -> ClientEntry:
    if server.url:
        return ClientEntry({"url": server.url} | _headers(server, f"${{env:{TOKEN}}}"))
    return ClientEntry(_stdio(server, f"${{env:{WEBHOOK}}}"))


def _codex(server: ServerSpec) -> ClientEntry:
    # Codex passes on only named variables. Without `required`, a slow start leaves the first turn without tools.
    defaults: Values = {"required": True, "startup_timeout_sec": STARTUP_SECONDS, "tool_timeout_sec": TOOL_SECONDS}
    if server.url:
        required: Values = {"url": server.url}
        return ClientEntry(required | ({"bearer_token_env_var": TOKEN} if server.token else {}), defaults)
    names = [*(variable.name for variable in VARIABLES), *UNPROMPTED_VARIABLES, *SESSION_VARIABLES]
    return ClientEntry(_stdio(server, None) | {"env_vars": names}, defaults)


def _vscode(server: ServerSpec) -> ClientEntry:
    """Return the entry for VS Code, which asks for an input once and keeps it in the system's secret store."""
    if server.url:
        required = {"type": "http", "url": server.url} | _headers(server, f"${{input:{TOKEN_INPUT}}}")
        asked = _input(TOKEN_INPUT, "Token of the b24-mcp server")
        return ClientEntry(required, elsewhere=asked if server.token else ())
    if server.scope == "user" or server.portal is not None:
        return ClientEntry({"type": "stdio"} | _stdio(server, None))
    asked = _input("b24-webhook-url", "Webhook of your Bitrix24 portal (leave empty for the sandbox)")
    return ClientEntry({"type": "stdio"} | _stdio(server, "${input:b24-webhook-url}"), elsewhere=asked)


def _input(name: str, description: str) -> _Elsewhere:
    value: Values = {"type": "promptString", "id": name, "description": description, "password": True}
    return ((("inputs", ("id", name)), value),)


def _claude_desktop(server: ServerSpec) -> ClientEntry:
    return ClientEntry(_stdio(server, None))


def _zed(server: ServerSpec) -> ClientEntry:
    return ClientEntry(_stdio(server, None))


def _copilot(server: ServerSpec) -> ClientEntry:
    if server.url:
        return ClientEntry({"type": "http", "url": server.url} | _headers(server, f"${{{TOKEN}}}"), {"tools": ["*"]})
    return ClientEntry({"type": "stdio"} | _stdio(server, f"${{{WEBHOOK}}}"), {"tools": ["*"]})


def _gemini(server: ServerSpec) -> ClientEntry:
    defaults: Values = {"timeout": TOOL_SECONDS * 1000}
    if server.url:
        return ClientEntry({"httpUrl": server.url} | _headers(server, f"${{{TOKEN}}}"), defaults)
    return ClientEntry(_stdio(server, f"${{{WEBHOOK}}}"), defaults)


def _goose(server: ServerSpec) -> ClientEntry:
    defaults: Values = {"enabled": True, "description": SUMMARY, "timeout": TOOL_SECONDS}
    if server.url:
        required = {"type": "streamable_http", "name": server.name, "uri": server.url} | _headers(
            server, f"${{{TOKEN}}}"
        )
        return ClientEntry(required | ({"env_keys": [TOKEN]} if server.token else {}), defaults)
    required = _stdio(server, None, "envs")
    return ClientEntry({"type": "stdio", "name": server.name, "cmd": required.pop("command")} | required, defaults)


CLIENTS: Mapping[str, Client] = {
    client.name: client
    for client in (
        Client(
            "claude-code",
            "Claude Code",
            ConfigLocation(".claude.json", {"any": "~"}, (("CLAUDE_CONFIG_DIR", ""),)),
            ".mcp.json",
            "mcpServers",
            _claude_code,
            "`claude mcp list` shows it as connected. In a session: /mcp.",
            programs=("claude",),
            folders=(".claude",),
        ),
        Client(
            "cursor",
            "Cursor",
            ConfigLocation("mcp.json", {"any": "~/.cursor"}),
            ".cursor/mcp.json",
            "mcpServers",
            _cursor,
            "Settings > MCP shows it with a green dot and its tools. If not, restart Cursor.",
            programs=("cursor", "cursor-agent"),
        ),
        Client(
            "codex",
            "Codex",
            ConfigLocation("config.toml", {"any": "~/.codex"}, (("CODEX_HOME", ""),)),
            ".codex/config.toml",
            "mcp_servers",
            _codex,
            "`codex mcp list` shows it as enabled. In a session: /mcp. A project's file needs a trusted project.",
            TOML,
            programs=("codex",),
        ),
        Client(
            "vscode",
            "VS Code",
            ConfigLocation("mcp.json", {"any": "*/Code/User"}, (("VSCODE_PORTABLE", "user-data/User"),)),
            ".vscode/mcp.json",
            "servers",
            _vscode,
            "The command MCP: List Servers shows it; start it there.",
            programs=("code",),
        ),
        Client(
            "claude-desktop",
            "Claude Desktop",
            ConfigLocation("claude_desktop_config.json", {"any": "*/Claude"}),
            None,
            "mcpServers",
            _claude_desktop,
            "Quit Claude Desktop and start it again. Settings > Developer shows it as running.",
            http=False,
        ),
        Client(
            "zed",
            "Zed",
            ConfigLocation("settings.json", {"any": "~/.config/zed", "linux": "*/zed", "windows": "*/Zed"}),
            ".zed/settings.json",
            "context_servers",
            _zed,
            "The settings of the Agent Panel show it with a green dot.",
            http=False,
            programs=("zed", "zeditor"),
        ),
        Client(
            "copilot",
            "GitHub Copilot CLI",
            ConfigLocation("mcp-config.json", {"any": "~/.copilot"}, (("COPILOT_HOME", ""),)),
            ".github/mcp.json",
            "mcpServers",
            _copilot,
            "In a session: /mcp show.",
            programs=("copilot",),
        ),
        Client(
            "gemini",
            "Gemini CLI",
            ConfigLocation("settings.json", {"any": "~/.gemini"}, (("GEMINI_CLI_HOME", ".gemini"),)),
            ".gemini/settings.json",
            "mcpServers",
            _gemini,
            "`gemini mcp list` shows it as connected (in a trusted folder). In a session: /mcp.",
            programs=("gemini",),
        ),
        Client(
            "goose",
            "goose",
            ConfigLocation(
                "config.yaml",
                {"any": "~/.config/goose", "windows": "*/Block/goose/config"},
                (("GOOSE_PATH_ROOT", "config"), ("XDG_CONFIG_HOME", "goose")),
            ),
            None,
            "extensions",
            _goose,
            "A new session has it. `goose configure` lists it under the extensions.",
            YAML,
            programs=("goose",),
        ),
    )
}
