"""Connecting clients: their configuration written and undone, and all manifests, from one description of the server."""

from b24_mcp.connect.changes import ConfigChange, entry_of, plan_connect, plan_disconnect, write
from b24_mcp.connect.clients import CLIENTS, Client
from b24_mcp.connect.differences import difference
from b24_mcp.connect.errors import ConnectError
from b24_mcp.connect.places import Machine
from b24_mcp.connect.wanted import Launch, Scope, Wanted, checked_url, entry_name, is_loopback, own_launch

__all__ = [
    "CLIENTS",
    "Client",
    "ConfigChange",
    "ConnectError",
    "Launch",
    "Machine",
    "Scope",
    "Wanted",
    "checked_url",
    "difference",
    "entry_name",
    "entry_of",
    "is_loopback",
    "own_launch",
    "plan_connect",
    "plan_disconnect",
    "write",
]
