"""Bringing what we want into an entry that is there already, without losing what a person put into it."""

from __future__ import annotations

import re
from typing import Any

from b24_mcp.connect.clients import ClientEntry
from b24_mcp.connect.description import WEBHOOK

_REMOTE = {"url", "httpUrl", "uri", "headers", "http_headers", "env_http_headers", "bearer_token_env_var", "auth"}
_LOCAL = {"command", "cmd", "args", "cwd", "env", "envs", "envFile", "env_vars"}
_SHARED = {"env", "envs", "headers", "env_vars", "env_keys"}
_REFERENCE = re.compile(r"(?:Bearer )?(?:\$\{[^}]*\}|\$\w+)?")


def merged(existing: dict[str, Any], entry: ClientEntry) -> dict[str, Any]:
    """Give the entry as it shall stand: ours, with everything a person added or changed and that still has a meaning.

    An entry that turns from a command into an address, or back, loses what only the other kind knows.
    """
    kind = _kind(entry.says)
    foreign = _LOCAL if kind == "remote" else _REMOTE
    if existing and _kind(existing) != kind:
        foreign = foreign | {"type", "env_keys"}
    result = {name: value for name, value in existing.items() if name not in foreign}
    for name, value in entry.says.items():
        result[name] = _joined(result.get(name), value) if name in _SHARED else value
    return result | {name: value for name, value in entry.defaults.items() if name not in result}


def plain_secrets(entry: dict[str, Any]) -> list[str]:
    """Name the variables and headers of an entry that hold a secret as it is, instead of a reference to it."""
    found = []
    for table in ("env", "envs", "headers", "http_headers"):
        values = entry.get(table)
        for name, value in values.items() if isinstance(values, dict) else ():
            if name in (WEBHOOK, "Authorization") and isinstance(value, str) and not _REFERENCE.fullmatch(value):
                found.append(name)
    return found


def without_secrets(entry: Any) -> dict[str, Any]:
    """Give of an entry what may be shown: how it is started, and references, but no value a person may have hidden."""
    if not isinstance(entry, dict):
        return {}
    shown = {name: entry[name] for name in ("type", "name", "command", "cmd", "description") if name in entry}
    tables = [values for name in ("env", "envs", "headers") if isinstance(values := entry.get(name), dict)]
    return shown | {"references": [value for values in tables for value in values.values() if _is_reference(value)]}


def _kind(values: dict[str, Any]) -> str:
    return "remote" if _REMOTE & set(values) else "local"


def _joined(before: Any, ours: Any) -> Any:
    """Keep the values a person wrote into a table, and the names a person added to a list of variables."""
    if isinstance(before, dict) and isinstance(ours, dict):
        return ours | {name: value for name, value in before.items() if name not in ours or not _is_reference(value)}
    if isinstance(before, list) and isinstance(ours, list):
        return [*ours, *(name for name in before if name not in ours)]
    return ours


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and _REFERENCE.fullmatch(value) is not None
