"""The description of this server from which all client configurations and manifests are made."""

from __future__ import annotations

from dataclasses import dataclass

NAME = "bitrix24"
"""The name of the server in the configuration of a client."""
PACKAGE = "b24-mcp"
"""The package, and the program that it installs."""
TITLE = "Bitrix24"
SUMMARY = "The whole Bitrix24 REST API for AI assistants, with a sandbox portal inside"
"""One line. The registry of MCP servers accepts up to 100 characters."""
LONG_DESCRIPTION = (
    "Find the right method of the Bitrix24 REST API, check its arguments, make one call or many at once, and get every "
    "answer in one normal form that says what happened and whether anything was executed. Without a webhook a sandbox "
    "portal with an invented company answers."
)
KEYWORDS = ("bitrix24", "crm", "rest", "mcp")
LICENSE = "MIT"
AUTHOR = "The b24-mcp authors"
PYTHON = ">=3.11"
REGISTRY_NAME = "io.github.b24-mcp/b24-mcp"
"""The name in the registry of MCP servers. README.md repeats it, which proves to the registry who owns the package."""
REPOSITORY = "https://github.com/b24-mcp/b24-mcp"
"""The repository. `REGISTRY_NAME` belongs to who owns it; `[project.urls]` has the same address."""

STARTUP_SECONDS = 30
"""How long a client waits for the server to start."""
TOOL_SECONDS = 120
"""How long a client waits for one call. It is longer than `B24_DEADLINE`, so that a call can report its own timeout."""

WEBHOOK = "B24_WEBHOOK_URL"
TOKEN = "B24_HTTP_TOKEN"  # noqa: S105 - the name of a variable
DEFAULT_PORTAL = "B24_DEFAULT_PORTAL"
TOKEN_INPUT = "b24-http-token"  # noqa: S105 - the name of an input of VS Code
SESSION_VARIABLES = (
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
    "HTTPS_PROXY",
    "NO_PROXY",
)
"""Variables of the session for the keyring, the user's folders and proxies. Some clients pass on only named ones."""


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable that a client or a registry may ask the user for."""

    name: str
    title: str
    description: str
    secret: bool = False
    choices: tuple[str, ...] = ()


VARIABLES = (
    Variable(
        WEBHOOK,
        "Webhook of your portal",
        "Address of an inbound webhook (Bitrix24: Developer resources > Other > Inbound webhook). "
        "Keep it like a password: it gives the rights of the user who created it. "
        "Leave it empty to use the sandbox portal with invented data.",
        secret=True,
    ),
    Variable("B24_PORTAL", "Address of your portal", "For an application instead of a webhook: https://PORTAL."),
    Variable("B24_CLIENT_ID", "Application", "The client id of the application. Then run b24-mcp login once."),
    Variable("B24_CLIENT_SECRET", "Secret of the application", "The client secret of the application.", secret=True),
    Variable(
        "B24_ACCESS",
        "Access level",
        "read, write (the default: deleting needs the approval of the user), or full.",
        choices=("read", "write", "full"),
    ),
    Variable("B24_ALLOW", "Methods that may be called", "Globs separated by commas, such as crm.*,user.get."),
    Variable("B24_DENY", "Methods that are never called", "Globs separated by commas, such as *.delete."),
    Variable(
        "B24_PLAN",
        "Rate limits of the portal",
        "Which rate limits to keep: basic, enterprise, or none for a portal on your own servers.",
        choices=("basic", "enterprise", "none"),
    ),
    Variable(
        "B24_STATE",
        "Shared state",
        "Where processes share rate limits and approvals: redis://..., a file, or memory.",
        secret=True,
    ),
    Variable("B24_CONFIG", "File of portals", "The file in which `b24-mcp portals` keeps several portals."),
    Variable("B24_CA_BUNDLE", "Certificate authorities", "A PEM file of authorities to trust besides the system's."),
)

UNPROMPTED_VARIABLES = (
    "B24_ENV_FILE",
    "B24_OAUTH_SERVER",
    "B24_KEEP_SECRETS",
    "B24_DATA_DIR",
    "B24_DOCS",
    "B24_FILES_DIR",
    "B24_RECORDS",
    "B24_RECORDS_TTL",
    "B24_APPROVAL",
    "B24_APPROVAL_WRITES",
    "B24_RISKS",
    "B24_TOOLS",
    "B24_AUDIT",
    "B24_AUDIT_VALUES",
    "B24_STATS",
    "B24_TIMEOUT",
    "B24_DEADLINE",
    "B24_LARGEST_ANSWER",
    "B24_BUDGET",
)
"""Settings that no client asks for. They are passed on when the user has set them."""
