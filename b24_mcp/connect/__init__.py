"""Client configurations and manifests. All of them are made from one description of this server."""

from __future__ import annotations

from b24_mcp.connect.apply import write
from b24_mcp.connect.changes import ConfigChange, entry_of, plan_connect, plan_disconnect
from b24_mcp.connect.clients import CLIENTS, Client
from b24_mcp.connect.diff import change_diff
from b24_mcp.connect.errors import ConnectError
from b24_mcp.connect.locations import Machine
from b24_mcp.connect.spec import Launch, Scope, ServerSpec, checked_url, entry_name, is_loopback, own_launch

__all__ = [
    "CLIENTS",
    "Client",
    "ConfigChange",
    "ConnectError",
    "Launch",
    "Machine",
    "Scope",
    "ServerSpec",
    "change_diff",
    "checked_url",
    "entry_name",
    "entry_of",
    "is_loopback",
    "own_launch",
    "plan_connect",
    "plan_disconnect",
    "write",
]
