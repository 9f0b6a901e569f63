"""The entry of this server in a configuration: merged with what the user wrote, and searched for secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping

from b24_mcp.connect.clients import ClientEntry
from b24_mcp.connect.description import WEBHOOK

_REMOTE = {"url", "httpUrl", "uri", "headers", "http_headers", "env_http_headers", "bearer_token_env_var", "auth"}
_LOCAL = {"command", "cmd", "args", "cwd", "env", "envs", "envFile", "env_vars"}
_SHARED = {"env", "envs", "headers", "env_vars", "env_keys"}
_REFERENCE = re.compile(r"(?:Bearer )?(?:\$\{[^}]*\}|\$\w+)?")


def merged_entry(existing: Mapping[str, object], entry: ClientEntry) -> dict[str, object]:
    """Return the new entry, with everything that the user added or changed and that is still valid.

    When an entry changes from a command to an address, or back, the keys of the other kind are removed.
    """
    kind = _kind(entry.required)
    foreign = _LOCAL if kind == "remote" else _REMOTE
    if existing and _kind(existing) != kind:
        foreign = foreign | {"type", "env_keys"}
    result = {name: value for name, value in existing.items() if name not in foreign}
    for name, value in entry.required.items():
        result[name] = _joined(result.get(name), value) if name in _SHARED else value
    return result | {name: value for name, value in entry.defaults.items() if name not in result}


def lost_parts(existing: object, entry: ClientEntry) -> list[str]:
    """Return the names of what the user wrote into an entry and a new one would remove or replace, without values."""
    if not isinstance(existing, Mapping):
        return []
    now = merged_entry(existing, entry)
    found = []
    for name, value in existing.items():
        if name not in now:
            found.append(str(name))
        elif isinstance(value, Mapping) and isinstance(inner := now[name], Mapping):
            found += [f"{name}.{key}" for key in value if key not in inner]
        elif isinstance(value, list) and isinstance(listed := now[name], list):
            found += [str(name)] if any(one not in listed for one in value) else []
        elif value != now[name] and name not in ("type", "command", "cmd", "name"):
            found.append(str(name))
    return found


def plain_secrets(entry: Mapping[str, object]) -> list[str]:
    """Return the variables and headers of an entry that hold a secret itself, and not a reference to it."""
    found = []
    for table in ("env", "envs", "headers", "http_headers"):
        values = entry.get(table)
        for name, value in values.items() if isinstance(values, dict) else ():
            if name in (WEBHOOK, "Authorization") and isinstance(value, str) and not _REFERENCE.fullmatch(value):
                found.append(name)
    return found


def without_secrets(entry: object) -> dict[str, object]:
    """Return the parts of an entry that may be shown: how it is started, and references to variables."""
    if not isinstance(entry, dict):
        return {}
    shown = {name: entry[name] for name in ("type", "name", "command", "cmd", "description") if name in entry}
    tables = [values for name in ("env", "envs", "headers") if isinstance(values := entry.get(name), dict)]
    return shown | {"references": [value for values in tables for value in values.values() if _is_reference(value)]}


def _kind(values: Mapping[str, object]) -> str:
    return "remote" if _REMOTE & set(values) else "local"


def _joined(before: object, ours: object) -> object:
    """Join a table or a list with what the user wrote into it. Values of the user win over references."""
    if isinstance(before, dict) and isinstance(ours, dict):
        return ours | {name: value for name, value in before.items() if name not in ours or not _is_reference(value)}
    if isinstance(before, list) and isinstance(ours, list):
        return [*ours, *(name for name in before if name not in ours)]
    return ours


def _is_reference(value: object) -> bool:
    return isinstance(value, str) and _REFERENCE.fullmatch(value) is not None
