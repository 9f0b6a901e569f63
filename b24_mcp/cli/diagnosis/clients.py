"""The check of MCP clients: which of them have this server in their configuration."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from b24_mcp.cli.diagnosis.finding import Finding

if TYPE_CHECKING:
    from b24_mcp.connect import Client


def check_clients() -> Iterator[Finding]:
    """Check which clients are connected, under any name, and whether the program that they start exists."""
    from b24_mcp.connect import CLIENTS, ConnectError, Machine, entries_of, entry_name, is_installed, is_ours

    machine = Machine.here()
    is_connected = False
    installed = []
    for client in CLIENTS.values():
        try:
            entries = entries_of(client, machine)
        except ConnectError as exc:
            yield Finding(client.title, "wrong", str(exc), "Correct the file; b24-mcp does not change it until then.")
            continue
        if is_installed(client, machine):
            installed.append(client.name)
        for name, entry in entries.items():
            if is_ours(entry) and isinstance(entry, Mapping):
                is_connected = True
                yield _entry(client, name, entry)
            elif name == entry_name(None):
                yield _foreign(client, name, entry)
    if not is_connected:
        found = f", found: {', '.join(installed)}" if installed else ""
        yield Finding("clients", "note", f"no client is connected{found}", "Run b24-mcp connect CLIENT.")


def _entry(client: Client, name: str, entry: Mapping[str, object]) -> Finding:
    """Report an entry of this server."""
    from b24_mcp.connect import entry_name, why_not_lasting

    named = "" if name == entry_name(None) else f" as {name}"
    program = entry.get("command") or entry.get("cmd")
    if not isinstance(program, str):
        return Finding(client.title, "ok", f"connected{named}: reaches a server over HTTP")
    again = f"b24-mcp connect {client.name}" + (f" --name {name}" if named else "")
    if os.path.isabs(program) and not os.access(program, os.X_OK):
        return Finding(client.title, "wrong", f"starts {program}, which is not there", f"Run {again}.")
    if not os.path.isabs(program) and shutil.which(program) is None:
        todo = f"Run {again}, which writes the whole path."
        return Finding(client.title, "note", f"starts {program}, which is not on the PATH of this terminal", todo)
    if os.path.isabs(program) and (why := why_not_lasting(executable=program)):
        return Finding(client.title, "note", f"connected{named}: starts {program}", why)
    return Finding(client.title, "ok", f"connected{named}: starts {program}")


def _foreign(client: Client, name: str, entry: object) -> Finding:
    """Report an entry of our name that another program made."""
    from b24_mcp.connect import described

    return Finding(
        client.title,
        "note",
        f"the entry {name} is not of b24-mcp: it {described(entry)}",
        f"To connect b24-mcp as well: b24-mcp connect {client.name} --name b24-mcp.",
    )
