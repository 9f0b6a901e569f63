"""The check of MCP clients: which of them have this server in their configuration."""

from __future__ import annotations

import os
from collections.abc import Iterator

from b24_mcp.cli.diagnosis.finding import Finding


def check_clients() -> Iterator[Finding]:
    """Check which clients are connected, and whether the program that they start exists."""
    from b24_mcp.connect import CLIENTS, ConnectError, Machine, entry_name, entry_of

    machine = Machine.here()
    is_connected = False
    for client in CLIENTS.values():
        try:
            entry = entry_of(client, entry_name(None), "user", machine)
        except ConnectError as exc:
            yield Finding(client.title, "wrong", str(exc), "Correct the file; b24-mcp does not change it until then.")
            continue
        if entry is None:
            continue
        is_connected = True
        program = entry.get("command") or entry.get("cmd")
        if isinstance(program, str) and os.path.isabs(program) and not os.access(program, os.X_OK):
            yield Finding(
                client.title, "wrong", f"starts {program}, which is not there", f"Run b24-mcp connect {client.name}."
            )
        else:
            how = f"starts {program}" if program else "reaches a server over HTTP"
            yield Finding(client.title, "ok", f"connected: {how}")
    if not is_connected:
        yield Finding("clients", "note", "no client is connected", "Run b24-mcp connect CLIENT.")
