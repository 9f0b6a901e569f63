"""What every client and every directory of servers is told about us: the one description manifests are made from."""

from __future__ import annotations

from dataclasses import dataclass

NAME = "bitrix24"
"""What the server is called in a client's configuration."""
PACKAGE = "b24-mcp"
"""The package, and the program it installs."""
TITLE = "Bitrix24"
SUMMARY = "The whole Bitrix24 REST API for AI assistants, with a sandbox portal inside"
"""One line; the registry of MCP servers takes up to 100 characters."""
KEYWORDS = ("bitrix24", "crm", "rest", "mcp")
LICENSE = "MIT"
AUTHOR = "The b24-mcp authors"
PYTHON = ">=3.11"
REGISTRY_NAME = "io.github.b24-mcp/b24-mcp"
"""In the registry of MCP servers; README.md repeats it, which proves there that the package is ours."""

STARTUP_SECONDS = 30
"""How long a client may wait for the server to start."""
TOOL_SECONDS = 120
"""How long a client may wait for one call: longer than `B24_DEADLINE`, after which a call gives up by itself."""

WEBHOOK = "B24_WEBHOOK_URL"
TOKEN = "B24_HTTP_TOKEN"  # noqa: S105 - the name of a variable


DEFAULT_PORTAL = "B24_DEFAULT_PORTAL"
SURROUNDINGS = (
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
    "HTTPS_PROXY",
    "NO_PROXY",
)
"""What the server needs of a session where a client hands on only what is named: the keyring, its files, proxies."""


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable that a person may set."""

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
        "A password: whoever has it acts as its owner. Empty: the sandbox portal with invented data.",
        secret=True,
    ),
    Variable("B24_PORTAL", "Address of your portal", "For an application instead of a webhook: https://PORTAL."),
    Variable("B24_CLIENT_ID", "Application", "The client id of the application; then run b24-mcp login once."),
    Variable("B24_CLIENT_SECRET", "Secret of the application", "The client secret of the application.", secret=True),
    Variable(
        "B24_ACCESS",
        "What may be done",
        "read, write (the default: deleting needs a person's approval), or full.",
        choices=("read", "write", "full"),
    ),
    Variable("B24_ALLOW", "Methods that may be called", "Globs separated by commas, such as crm.*,user.get."),
    Variable("B24_DENY", "Methods never called", "Globs separated by commas, such as *.delete."),
    Variable(
        "B24_PLAN",
        "Limits of the portal",
        "Which limits to keep: basic, enterprise, or none for a portal on your own machines.",
        choices=("basic", "enterprise", "none"),
    ),
    Variable("B24_STATE", "Shared state", "Where processes share limits: redis://..., a file, or memory.", secret=True),
    Variable("B24_CONFIG", "File of portals", "Where several portals are named, by `b24-mcp portals`."),
    Variable("B24_CA_BUNDLE", "Certificate authorities", "A PEM file of authorities to trust beside the system's."),
)

FURTHER = (
    "B24_ENV_FILE",
    "B24_OAUTH_SERVER",
    "B24_KEEP_SECRETS",
    "B24_DATA_DIR",
    "B24_FILES_DIR",
    "B24_RECORDS_TTL",
    "B24_APPROVAL",
    "B24_APPROVAL_WRITES",
    "B24_RISKS",
    "B24_AUDIT",
    "B24_AUDIT_VALUES",
    "B24_TIMEOUT",
    "B24_DEADLINE",
    "B24_LARGEST_ANSWER",
    "B24_BUDGET",
)
"""Settings that nobody is asked for, but that hold where a person has set them."""
