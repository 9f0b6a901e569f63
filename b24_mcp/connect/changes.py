"""The change of one configuration file, planned before anything is written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from b24_mcp.connect.clients import Client, ClientEntry
from b24_mcp.connect.description import TOKEN_INPUT
from b24_mcp.connect.entries import lost_parts, merged_entry, plain_secrets, without_secrets
from b24_mcp.connect.errors import ConnectError, ForeignEntryError
from b24_mcp.connect.files import BOM, read_text
from b24_mcp.connect.formats import drop, put, value_at
from b24_mcp.connect.jsonc import Step
from b24_mcp.connect.locations import Machine
from b24_mcp.connect.ownership import address_of, described, is_ours
from b24_mcp.connect.spec import Scope, ServerSpec

_T = TypeVar("_T")
_INPUTS = ("b24-webhook-url", TOKEN_INPUT)


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """A planned change. `before` or `after` is None when there is no file.

    `shown` are the texts of this server's entry, which may be shown to the user. `left_plain` names the variables in
    which the user wrote a secret itself, `lost` what the present entry has and the new one has not. Where the client's
    own program writes the file better, `commands` run it in this `environment`. `entry` is the value at `path` after
    the change, None for no entry.
    """

    client: Client
    file: Path
    scope: Scope
    before: str | None
    after: str | None
    path: tuple[Step, ...]
    entry: object = None
    shown: frozenset[str] = frozenset()
    left_plain: tuple[str, ...] = ()
    commands: tuple[tuple[str, ...], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    lost: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to change."""
        return self.before == self.after


def file_of(client: Client, scope: Scope, machine: Machine) -> Path:
    """Return the configuration file of a client. Links are resolved, so that a write does not replace a link.

    Raises:
        ConnectError: when the client has no configuration in a project.
    """
    if scope == "user":
        return Path(os.path.realpath(client.user.on(machine)))
    if client.project is None:
        raise ConnectError(f"{client.title} has no configuration in a project. Nothing was changed; use --scope user.")
    return Path(os.path.realpath(machine.project / client.project))


def entries_of(client: Client, machine: Machine) -> Mapping[str, object]:
    """Return all servers in the user's file of a client by name.

    Raises:
        ConnectError: when the file cannot be parsed.
    """
    file = file_of(client, "user", machine)
    text = read_text(file)
    if text is None:
        return {}
    try:
        found = value_at(client.format.read(text.removeprefix(BOM)), (client.table,))
    except ValueError as exc:
        raise ConnectError(f"{file} cannot be parsed: {exc}.") from None
    return {str(name): entry for name, entry in found.items()} if isinstance(found, Mapping) else {}


def plan_connect(client: Client, server: ServerSpec, machine: Machine) -> ConfigChange:
    """Return the change that adds the server to a client.

    Raises:
        ConnectError: when the client cannot be connected this way, or its file cannot be edited.
    """
    if server.url and not client.http:
        raise ConnectError(
            f"{client.title} reaches servers over HTTP only as connectors in its own settings. Nothing was changed; "
            "connect it without --http."
        )
    file = file_of(client, server.scope, machine)
    before = read_text(file)
    path = (client.table, server.name)
    entry = client.entry(server)
    lost: list[str] = []

    def edit(text: str) -> tuple[str, dict[str, object]]:
        document = client.format.read(text)
        existing = value_at(document, path)
        _refuse_foreign(client, server.name, existing, server.url)
        lost.extend(lost_parts(existing, entry))
        now = merged_entry(existing if isinstance(existing, dict) else {}, entry)
        if now != existing:
            text = put(client.format, text, path, now)
        for place, value in entry.elsewhere:
            if value_at(document, place) is None:
                text = put(client.format, text, place, value)
        return text, now

    alone = put(client.format, "", path, entry.required | entry.defaults)
    after, now = _edited(file, before or "", edit, f"add this.\n\n{alone}")
    return ConfigChange(
        client,
        file,
        server.scope,
        before,
        after,
        path,
        now,
        frozenset(_texts(entry)),
        tuple(plain_secrets(now)),
        _own_program(client, server.name, server.scope, machine, before, now),
        machine.environment,
        tuple(lost),
    )


def plan_disconnect(client: Client, name: str, scope: Scope, machine: Machine) -> ConfigChange:
    """Return the change that removes the server from a client. A file that is then empty is deleted.

    Raises:
        ConnectError: when the file cannot be edited.
    """
    file = file_of(client, scope, machine)
    before = read_text(file)
    path = (client.table, name)

    def edit(text: str) -> tuple[str, frozenset[str]]:
        existing = value_at(client.format.read(text), path)
        if existing is None:
            return text, frozenset()
        if not (isinstance(existing, Mapping) and address_of(existing)):  # an address does not say whose server it is
            _refuse_foreign(client, name, existing, None)
        text = drop(client.format, text, path)
        for asked in _INPUTS:
            if f"${{input:{asked}}}" not in text:
                text = drop(client.format, text, ("inputs", ("id", asked)))
        return text, frozenset(_texts(without_secrets(existing)))

    if before is None:
        return ConfigChange(client, file, scope, None, None, path)
    after, shown = _edited(file, before, edit, f"remove {name} from {client.table}.")
    empty = after != before and after.strip(BOM + " \t\r\n") in ("", "{}")
    return ConfigChange(
        client,
        file,
        scope,
        before,
        None if empty else after,
        path,
        shown=shown,
        commands=_own_program(client, name, scope, machine, before, None),
        environment=machine.environment,
    )


def _refuse_foreign(client: Client, name: str, existing: object, url: str | None) -> None:
    """Refuse to change or remove an entry that another program made.

    Raises:
        ForeignEntryError: with the option for another name.
    """
    if existing is None or is_ours(existing) or (isinstance(existing, Mapping) and url and address_of(existing) == url):
        return
    raise ForeignEntryError(
        f"{client.title} has an entry {name} that is not of b24-mcp: it {described(existing)}. Nothing was changed. "
        f"Use another name, such as --name {'b24-mcp' if name != 'b24-mcp' else 'my-bitrix24'}, or remove the entry in "
        "the client first."
    )


def _edited(file: Path, text: str, edit: Callable[[str], tuple[str, _T]], by_hand: str) -> tuple[str, _T]:
    mark = BOM if text.startswith(BOM) else ""
    try:
        after, result = edit(text.removeprefix(BOM))
    except ValueError as exc:
        raise ConnectError(
            f"{file} is unchanged: {exc}. Correct the file and try again, or edit it yourself: {by_hand}"
        ) from None
    return mark + after, result


def _texts(value: object) -> set[str]:
    """Return every text in an entry or a value."""
    if isinstance(value, ClientEntry):
        return _texts([value.required, value.defaults, [place[1] for place in value.elsewhere]])
    if isinstance(value, dict):
        return _texts(list(value.values()))
    if isinstance(value, list):
        return set().union(*map(_texts, value)) if value else set()
    return {value} if isinstance(value, str) else set()


def _own_program(
    client: Client, name: str, scope: Scope, machine: Machine, before: str | None, entry: object
) -> tuple[tuple[str, ...], ...]:
    """Return the commands of Claude Code's own program that make the change; empty for other clients.

    Claude Code keeps its whole state in the file and rewrites it while it runs. Its own program locks the file. On
    Windows that program is a batch file, to which arguments cannot be passed safely.
    """
    program = shutil.which("claude", path=machine.environment.get("PATH", ""))
    if client.name != "claude-code" or scope != "user" or program is None or machine.os == "windows":
        return ()
    import json

    existing = value_at(client.format.read((before or "").removeprefix(BOM)), (client.table, name))
    remove = (program, "mcp", "remove", "--scope", "user", name)
    add = (program, "mcp", "add-json", "--scope", "user", name, json.dumps(entry, ensure_ascii=False))
    return (*((remove,) if existing is not None else ()), *((add,) if entry is not None else ()))
