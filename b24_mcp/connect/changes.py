"""A change of one configuration file: planned without touching anything, then written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from b24_mcp.connect.clients import Client, ClientEntry
from b24_mcp.connect.errors import ConnectError
from b24_mcp.connect.formats import drop, put, value_at
from b24_mcp.connect.jsonc import Step
from b24_mcp.connect.merging import merged, plain_secrets, without_secrets
from b24_mcp.connect.places import Machine
from b24_mcp.connect.wanted import Scope, Wanted
from b24_mcp.storage.files import create_private_file, write_private_file

_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """What is to become of a file. `before` or `after` is None where there is no file.

    `shown` are the texts that are ours and may be shown to the person; `left_plain` names the variables that hold a
    secret as it is because a person wrote it there. `commands` write the change instead, where the client's own program
    does that better, in this `environment`; `entry` is what must then stand at `path`, None for nothing.
    """

    client: Client
    file: Path
    scope: Scope
    before: str | None
    after: str | None
    path: tuple[Step, ...]
    entry: Any = None
    shown: frozenset[str] = frozenset()
    left_plain: tuple[str, ...] = ()
    commands: tuple[tuple[str, ...], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_none(self) -> bool:
        """Nothing is to be done."""
        return self.before == self.after


def file_of(client: Client, scope: Scope, machine: Machine) -> Path:
    """Give the file of a client; a link is followed, so that it stays a link.

    Raises:
        ConnectError: when the client keeps no configuration in a project.
    """
    if scope == "user":
        return Path(os.path.realpath(client.user.on(machine)))
    if client.project is None:
        raise ConnectError(
            f"{client.title} keeps no configuration in a project. Nothing was changed; use --scope user."
        )
    return Path(os.path.realpath(machine.project / client.project))


def entry_of(client: Client, name: str, scope: Scope, machine: Machine) -> Mapping[str, Any] | None:
    """What a client's file says of the server now; None when it does not know it.

    Raises:
        ConnectError: when its file is not understood.
    """
    file = file_of(client, scope, machine)
    text = _text_of(file)
    if text is None:
        return None
    try:
        found = value_at(client.format.read(text.removeprefix(_BOM)), (client.table, name))
    except ValueError as exc:
        raise ConnectError(f"{file} is not understood: {exc}.") from None
    return found if isinstance(found, Mapping) else None


def plan_connect(client: Client, wanted: Wanted, machine: Machine) -> ConfigChange:
    """Plan what has to change so that the client knows the server.

    Raises:
        ConnectError: when the client cannot be connected so, or its file is not understood.
    """
    if wanted.url and not client.http:
        raise ConnectError(
            f"{client.title} takes servers over HTTP only as connectors in its own settings. Nothing was changed; "
            "connect it without --http."
        )
    file = file_of(client, wanted.scope, machine)
    before = _text_of(file)
    path = (client.table, wanted.name)
    entry = client.entry(wanted)

    def edit(text: str) -> tuple[str, Any]:
        document = client.format.read(text)
        existing = value_at(document, path)
        now = merged(existing if isinstance(existing, dict) else {}, entry)
        if now != existing:
            text = put(client.format, text, path, now)
        for place, value in entry.beside:
            if value_at(document, place) is None:
                text = put(client.format, text, place, value)
        return text, now

    alone = put(client.format, "", path, entry.says | entry.defaults)
    after, now = _edited(file, before or "", edit, f"this belongs there.\n\n{alone}")
    return ConfigChange(
        client,
        file,
        wanted.scope,
        before,
        after,
        path,
        now,
        frozenset(_texts(entry)),
        tuple(plain_secrets(now)),
        _own_program(client, wanted.name, wanted.scope, machine, before, now),
        machine.environment,
    )


def plan_disconnect(client: Client, name: str, scope: Scope, machine: Machine) -> ConfigChange:
    """Plan what has to change so that the client forgets the server; a file that held nothing else is removed.

    Raises:
        ConnectError: when its file is not understood.
    """
    file = file_of(client, scope, machine)
    before = _text_of(file)
    path = (client.table, name)

    def edit(text: str) -> tuple[str, Any]:
        existing = value_at(client.format.read(text), path)
        if existing is None:
            return text, frozenset()
        text = drop(client.format, text, path)
        for asked in ("b24-webhook-url", "b24-http-token"):
            if f"${{input:{asked}}}" not in text:
                text = drop(client.format, text, ("inputs", ("id", asked)))
        return text, frozenset(_texts(without_secrets(existing)))

    if before is None:
        return ConfigChange(client, file, scope, None, None, path)
    after, shown = _edited(file, before, edit, f"remove {name} from {client.table}.")
    empty = after != before and after.strip(_BOM + " \t\r\n") in ("", "{}")
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


def write(change: ConfigChange, now: datetime) -> Path | None:
    """Write the change, and give the copy of the file as it was before, or None where there was none.

    Raises:
        ConnectError: when that is not possible; the file is then as it was.
    """
    if change.is_none:
        return None
    if _text_of(change.file) != change.before:
        raise ConnectError(f"{change.file} has changed meanwhile. Nothing was written; try again.")
    backup: Path | None = None
    try:
        change.file.parent.mkdir(parents=True, exist_ok=True)
        if change.before is not None:
            backup = _copy_of(change.file, now)
        if change.commands:
            _run(change)
        elif change.after is None:
            change.file.unlink()
        else:
            _replace(change.file, change.after, private=change.scope == "user")
    except OSError as exc:
        if backup is not None:
            with contextlib.suppress(OSError):
                backup.unlink()
        reason = exc.strerror or type(exc).__name__
        raise ConnectError(f"{change.file} cannot be written: {reason}. Nothing was changed.") from None
    return backup


def _text_of(file: Path) -> str | None:
    try:
        return file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise ConnectError(f"{file} is no UTF-8 text. Nothing was changed.") from None
    except OSError as exc:
        raise ConnectError(f"{file} cannot be read: {exc.strerror}. Nothing was changed.") from None


def _edited(file: Path, text: str, edit: Callable[[str], tuple[str, Any]], by_hand: str) -> tuple[str, Any]:
    mark = _BOM if text.startswith(_BOM) else ""
    try:
        after, now = edit(text.removeprefix(_BOM))
    except ValueError as exc:
        raise ConnectError(
            f"{file} is left as it is: {exc}. Correct it and try again, or do it by hand: {by_hand}"
        ) from None
    return mark + after, now


def _texts(value: Any) -> set[str]:
    if isinstance(value, ClientEntry):
        return _texts([value.says, value.defaults, [place[1] for place in value.beside]])
    if isinstance(value, dict):
        return _texts(list(value.values()))
    if isinstance(value, list):
        return set().union(*map(_texts, value)) if value else set()
    return {value} if isinstance(value, str) else set()


def _own_program(
    client: Client, name: str, scope: Scope, machine: Machine, before: str | None, entry: Any
) -> tuple[tuple[str, ...], ...]:
    """Claude Code keeps its whole state in the file and rewrites it while it runs; its own program locks it first.

    Not on Windows, where that program is a batch file, whose arguments are not passed safely.
    """
    program = shutil.which("claude", path=machine.environment.get("PATH", ""))
    if client.name != "claude-code" or scope != "user" or program is None or machine.os == "windows":
        return ()
    import json

    there = value_at(client.format.read((before or "").removeprefix(_BOM)), (client.table, name)) is not None
    remove = (program, "mcp", "remove", "--scope", "user", name)
    add = (program, "mcp", "add-json", "--scope", "user", name, json.dumps(entry, ensure_ascii=False))
    return (*((remove,) if there else ()), *((add,) if entry is not None else ()))


def _run(change: ConfigChange) -> None:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        for command in change.commands:
            _quietly(command, change.environment)
    now = (_text_of(change.file) or "").removeprefix(_BOM)
    if value_at(change.client.format.read(now), change.path) == change.entry:
        return
    # Its own program is missing, broken or of another version: the file itself is known.
    form = change.client.format
    text = drop(form, now, change.path) if change.entry is None else put(form, now, change.path, change.entry)
    _replace(change.file, text, private=True)


def _quietly(command: tuple[str, ...], environment: Mapping[str, str]) -> None:
    subprocess.run(  # noqa: S603 - a program found on PATH, and no shell
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False, env=dict(environment)
    )


def _copy_of(file: Path, now: datetime) -> Path:
    """Copy the file beside itself, readable by its owner only, under a name that is not taken."""
    stem = f"{file.name}.{now:%Y%m%d-%H%M%S}"
    for number in range(1000):
        copy = file.with_name(f"{stem}{f'-{number}' if number else ''}.bak")
        try:
            create_private_file(copy, file.read_bytes())
        except FileExistsError:
            continue
        return copy
    raise FileExistsError(f"too many copies of {file.name}")


def _replace(file: Path, text: str, *, private: bool) -> None:
    """Put the text in the place of the file in one step, with the rights the file had."""
    mode = stat.S_IMODE(file.stat().st_mode) if file.exists() else 0o600 if private else 0o644
    write_private_file(file, text.encode("utf-8"), mode=mode)
