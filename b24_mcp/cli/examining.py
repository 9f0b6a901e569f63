"""What `b24-mcp doctor` looks at: settings, portals, folders, clients. Each finding says what to do."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from b24_mcp.cli.advice import advice
from b24_mcp.config import ENVIRONMENT, SANDBOX, Configuration, ConfigurationError, load_configuration
from b24_mcp.config.environment import ENV_FILE, RESTRICTIONS, env_file_path, names_in_file
from b24_mcp.config.settings import Settings, SettingsError
from b24_mcp.errors import B24Error
from b24_mcp.secrets import Redactor
from b24_mcp.storage.folders import FolderError, is_open_to_others, user_folder

if TYPE_CHECKING:
    from b24_mcp.app.portals import OpenPortal
    from b24_mcp.discovery import Portrait

Status = Literal["ok", "note", "wrong"]

_SKEW_TO_TELL = 30.0
_SCOPES_TO_NAME = 6
# Where missing scopes hurt most people first.
_FAMILIES = {
    "crm": "CRM",
    "task": "tasks",
    "user": "users",
    "department": "departments",
    "disk": "files",
    "im": "chats",
    "calendar": "calendar",
    "telephony": "telephony",
    "lists": "lists",
    "catalog": "products",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: about what, whether it is well, what was found, and what to do about it (empty when nothing)."""

    about: str
    status: Status
    said: str
    to_do: str = ""


def examine_settings() -> tuple[Configuration | None, list[Finding]]:
    """Examine the environment, the file of settings and the file of portals: where each setting is from."""
    findings = [*_variables(), *_ignored_file()]
    try:
        configuration = load_configuration()
    except (SettingsError, ConfigurationError) as exc:
        return None, [
            *findings,
            Finding("settings", "wrong", f"{exc}.", "Correct it; until then every call is refused."),
        ]
    found = [] if configuration.portals else ["no portals"]
    names = ", ".join(configuration.portals) or found[0]
    exists = "" if configuration.file.exists() else " (not there)"
    findings.append(Finding("file of portals", "ok", f"{configuration.file}{exists}: {names}"))
    if configuration.portals:
        findings.append(_place_of_secrets(configuration))
    default = configuration.default
    why = {
        ENVIRONMENT: "set in the environment or the file of settings, which come first",
        SANDBOX: "nothing else is configured",
    }.get(
        default, "named in the file of portals" if not configuration.settings.default_portal else "B24_DEFAULT_PORTAL"
    )
    todo = "Set B24_WEBHOOK_URL, or run b24-mcp portals add NAME." if default == SANDBOX else ""
    findings.append(Finding("default portal", "note" if default == SANDBOX else "ok", f"{default}: {why}", todo))
    return configuration, findings


async def examine_portals(configuration: Configuration, redactor: Redactor) -> AsyncIterator[Finding]:
    """Ask each configured portal who we are; without any, the sandbox."""
    from b24_mcp.app.portals import Portals

    portals = Portals(redactor)
    names = [name for name in configuration.names if name != SANDBOX] or [SANDBOX]
    try:
        for name in names:
            about = f"portal {name}"
            try:
                opened = await portals.get(name)
            except B24Error as exc:
                yield _trouble(about, exc)
                continue
            async for finding in _portal(about, opened):
                yield finding
    finally:
        await portals.aclose()


def examine_folders(settings: Settings) -> Iterator[Finding]:
    """See whether what is kept on this computer can be written."""
    state = settings.state
    if state == "memory":
        yield Finding(
            "shared state",
            "note",
            "memory: limits are not shared with other processes, and approvals cannot be given",
            "Leave B24_STATE empty unless that is meant.",
        )
    elif state and "://" in state:
        yield Finding("shared state", "ok", "Redis, as B24_STATE says")
    else:
        path = Path(state).expanduser() if state else user_folder("state") / "limits.db"
        yield _folder("shared state", path.parent, path)
    yield _folder("data", settings.data_folder, settings.data_folder)
    if settings.audit == "off":
        yield Finding("audit trail", "note", "off: what was changed is noted nowhere")
    else:
        from b24_mcp.access import default_folder

        folder = Path(settings.audit).expanduser() if settings.audit else default_folder()
        yield _folder("audit trail", folder, folder)
    yield _documentation(settings)


def examine_clients() -> Iterator[Finding]:
    """See which clients on this computer know the server, and whether what they start is there."""
    from b24_mcp.connect import CLIENTS, ConnectError, Machine, entry_name, entry_of

    machine = Machine.here()
    some = False
    for client in CLIENTS.values():
        try:
            entry = entry_of(client, entry_name(None), "user", machine)
        except ConnectError as exc:
            yield Finding(client.title, "wrong", str(exc), "Correct the file; b24-mcp leaves it alone until then.")
            continue
        if entry is None:
            continue
        some = True
        program = entry.get("command") or entry.get("cmd")
        if isinstance(program, str) and os.path.isabs(program) and not os.access(program, os.X_OK):
            yield Finding(
                client.title, "wrong", f"starts {program}, which is not there", f"Run b24-mcp connect {client.name}."
            )
        else:
            how = f"starts {program}" if program else "reaches a server over HTTP"
            yield Finding(client.title, "ok", f"connected: {how}")
    if not some:
        yield Finding("clients", "note", "none of them knows this server", "b24-mcp connect CLIENT tells one of it.")


def _variables() -> Iterator[Finding]:
    known = {f"B24_{name.upper()}" for name in Settings.model_fields} | {ENV_FILE, *RESTRICTIONS}
    here = {name.upper() for name, value in os.environ.items() if name.upper().startswith("B24_") and value}
    try:
        path = env_file_path()
    except SettingsError:
        path = None  # reported where all settings are read
    in_file = set() if path is None else names_in_file(path)
    if path is not None and is_open_to_others(path):
        yield Finding("settings", "note", f"{path} can be read by other users of this computer", f"chmod 600 {path}")
    for source, names in (("environment", here), (str(path), in_file - here)):
        if names & known:
            yield Finding("settings", "ok", f"from {source}: {', '.join(sorted(names & known))}")
        for name in sorted(names - known):
            meant = get_close_matches(name, known, 1, 0.8)
            todo = f"Is {meant[0]} meant?" if meant else "Remove it unless something else uses it."
            yield Finding("settings", "note", f"{name} (from {source}) is not a setting of b24-mcp", todo)
    if not here and not in_file:
        yield Finding("settings", "ok", f"none in the environment, none in {path or _usual_file()}")


def _usual_file() -> str:
    try:
        return str(user_folder("config") / ".env")
    except FolderError:
        return "a file"


def _ignored_file() -> Iterator[Finding]:
    """Report a `.env` in the working directory, which is not read, by the names in it."""
    here = Path(".env").absolute()
    try:
        used = env_file_path()
        if not here.is_file() or (used is not None and used.exists() and here.samefile(used)):
            return
    except (SettingsError, OSError):
        used = None
    if names := names_in_file(here):
        yield Finding(
            "settings",
            "note",
            f"{here} is ignored, since it is in the current folder; it names {', '.join(sorted(names))}",
            f"To use it on purpose: b24-mcp --env-file {here}, or move it to {_usual_file()}.",
        )


def _place_of_secrets(configuration: Configuration) -> Finding:
    from b24_mcp.config.secrets import SecretsError

    try:
        secrets = configuration.open_secrets()
        secrets.get("nothing")
    except SecretsError as exc:
        return Finding("secrets", "wrong", f"{exc}.", "Unlock the keyring, or set B24_KEEP_SECRETS=file.")
    file = Path(secrets.place)
    if file.is_absolute() and is_open_to_others(file):
        return Finding("secrets", "wrong", f"{file} can be read by other users of this computer", f"chmod 600 {file}")
    return Finding("secrets", "ok", f"in {secrets.place}")


async def _portal(about: str, opened: OpenPortal) -> AsyncIterator[Finding]:
    from b24_mcp.access import probing
    from b24_mcp.catalog import known_methods
    from b24_mcp.catalog.probes import V3_PROBE
    from b24_mcp.discovery import look_at

    with probing():
        portrait = await look_at(opened.portal, known_methods())
    if portrait.trouble is not None and portrait.trouble.fault.kind == "policy":
        yield Finding(about, "note", f"not checked: {portrait.trouble.fault.message}", advice(portrait.trouble.fault))
        return
    if portrait.trouble is not None:
        yield _trouble(about, portrait.trouble)
        return
    if "profile" in portrait.not_checked:
        yield Finding(about, "note", f"who we are was not checked: {portrait.not_checked['profile']}")
    else:
        who = portrait.user or f"user {portrait.user_id}"
        role = "administrator" if portrait.is_admin else "not an administrator"
        yield Finding(about, "ok", f"{portrait.host} answers: we are {who}, {role}")
    if "scope" in portrait.not_checked:
        yield Finding(about, "note", f"scopes were not checked: {portrait.not_checked['scope']}")
    else:
        yield _scopes(about, portrait)
    v3 = {True: "REST 3.0 is there", False: "has no REST 3.0", None: "does not say whether it has REST 3.0"}
    unchecked = portrait.not_checked.get(V3_PROBE)
    yield Finding(about, "ok", f"REST 3.0 was not checked: {unchecked}" if unchecked else v3[portrait.has_v3])
    if portrait.skew is not None and abs(portrait.skew) > _SKEW_TO_TELL:
        ahead = "ahead of" if portrait.skew > 0 else "behind"
        yield Finding(
            about,
            "note",
            f"its clock is {abs(portrait.skew):.0f} s {ahead} ours",
            "Set the clock of this computer: limits and logins go by it.",
        )
    rules = opened.gate.rules
    narrowed = [f"only {', '.join(rules.allow)}"] * bool(rules.allow) + [f"never {', '.join(rules.deny)}"] * bool(
        rules.deny
    )
    yield Finding(about, "ok", "; ".join([f"access: {rules.level}", *narrowed]))
    free = await opened.portal.requests_free()
    left = "no limit is kept" if free is None else f"{free} requests can go at once"
    yield Finding(about, "ok", f"limits: plan {opened.portal.plan}, {left}")


def _scopes(about: str, portrait: Portrait) -> Finding:
    if portrait.scopes is None:
        return Finding(about, "note", "it does not say which scopes are granted")
    granted = f"{len(portrait.scopes)} scopes granted"
    wanted = [scope for scope in portrait.missing if scope in _FAMILIES]
    if not wanted:
        others = [f"{scope} ({count} methods)" for scope, count in portrait.missing.items()][:_SCOPES_TO_NAME]
        return Finding(about, "ok", granted + (f"; not granted: {', '.join(others)}, …" if others else ""))
    named = [f"{scope} ({_FAMILIES[scope]}, {portrait.missing[scope]} methods)" for scope in wanted[:_SCOPES_TO_NAME]]
    return Finding(
        about,
        "note",
        f"{granted}; not granted: {', '.join(named)}",
        "Grant what is needed in the settings of the webhook or application in Bitrix24.",
    )


def _trouble(about: str, error: B24Error) -> Finding:
    fault = error.fault
    code = f"{fault.code}: " if fault.code and not fault.code.startswith("B24MCP_") else ""
    return Finding(about, "wrong", f"{code}{fault.message}", advice(fault))


def _folder(about: str, folder: Path, shown: Path) -> Finding:
    """The folder itself, or the nearest one above it that is there, has to be writable."""
    nearest = next(one for one in (folder, *folder.parents) if one.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        if folder.is_dir() and is_open_to_others(folder):
            return Finding(about, "note", f"{shown}: other users of this computer can open it", f"chmod 700 {folder}")
        return Finding(about, "ok", str(shown))
    return Finding(about, "wrong", f"{shown} cannot be written", "Change its rights, or name another place.")


def _documentation(settings: Settings) -> Finding:
    from b24_mcp.docs import DocsError, DocsLibrary

    try:
        languages: Any = DocsLibrary(settings.data_folder / "docs").languages
    except DocsError as exc:
        return Finding("documentation", "note", str(exc), "Run b24-mcp docs sync.")
    if not languages:
        return Finding("documentation", "note", "not on this computer", "b24-mcp docs sync gets it (optional).")
    return Finding("documentation", "ok", f"on this computer: {', '.join(sorted(languages))}")
