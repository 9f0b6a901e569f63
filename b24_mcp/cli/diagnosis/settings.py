"""The check of settings: where each comes from, and whether its name is known."""

from __future__ import annotations

import os
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from b24_mcp.cli.diagnosis.finding import Finding
from b24_mcp.config import ENVIRONMENT, SANDBOX, Configuration, ConfigurationError, load_configuration
from b24_mcp.config.environment import ENV_FILE, RESTRICTIONS, env_file_path, names_in_file
from b24_mcp.config.settings import Settings, SettingsError
from b24_mcp.storage.folders import FolderError, is_open_to_others, user_folder


def check_settings() -> tuple[Configuration | None, list[Finding]]:
    """Check the environment, the settings file and the file of portals.

    Return the configuration as well, or None when it cannot be read.
    """
    findings = [*_variables(), *_ignored_file()]
    try:
        configuration = load_configuration()
    except (SettingsError, ConfigurationError) as exc:
        wrong = Finding("settings", "wrong", f"{exc}.", "Correct it. Until then every call is refused.")
        return None, [*findings, wrong]
    names = ", ".join(configuration.portals) or "no portals"
    missing = "" if configuration.file.exists() else " (does not exist)"
    findings.append(Finding("file of portals", "ok", f"{configuration.file}{missing}: {names}"))
    if configuration.portals:
        findings.append(_secret_store(configuration))
    return configuration, [*findings, _default_portal(configuration)]


def _variables() -> Iterator[Finding]:
    known = {f"B24_{name.upper()}" for name in Settings.model_fields} | {ENV_FILE, *RESTRICTIONS}
    here = {name.upper() for name, value in os.environ.items() if name.upper().startswith("B24_") and value}
    try:
        path = env_file_path()
    except SettingsError:
        path = None  # reported when all settings are read
    in_file = set() if path is None else names_in_file(path)
    if path is not None and is_open_to_others(path):
        yield Finding("settings", "note", f"{path} can be read by other users of this computer", f"chmod 600 {path}")
    for source, names in (("environment", here), (str(path), in_file - here)):
        if names & known:
            yield Finding("settings", "ok", f"from {source}: {', '.join(sorted(names & known))}")
        for name in sorted(names - known):
            similar = get_close_matches(name, known, 1, 0.8)
            todo = f"Did you mean {similar[0]}?" if similar else "Remove it, unless another program uses it."
            yield Finding("settings", "note", f"{name} (from {source}) is not a setting of b24-mcp", todo)
    if not here and not in_file:
        yield Finding("settings", "ok", f"none in the environment, none in {path or _usual_file()}")


def _usual_file() -> str:
    try:
        return str(user_folder("config") / ".env")
    except FolderError:
        return "a file"


def _ignored_file() -> Iterator[Finding]:
    """Report a `.env` in the current folder, which is not read, with the names in it."""
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
            f"{here} is ignored, because it is in the current folder; it sets {', '.join(sorted(names))}",
            f"To use it: b24-mcp --env-file {here}, or move it to {_usual_file()}.",
        )


def _secret_store(configuration: Configuration) -> Finding:
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


def _default_portal(configuration: Configuration) -> Finding:
    about, default = "default portal", configuration.default
    if default == SANDBOX:
        todo = "Set B24_WEBHOOK_URL, or run b24-mcp portals add NAME."
        return Finding(about, "note", f"{default}: no other portal is configured", todo)
    if default == ENVIRONMENT:
        return Finding(about, "ok", f"{default}: set in the environment or the settings file, which come first")
    by_setting = configuration.settings.default_portal
    return Finding(about, "ok", f"{default}: {'B24_DEFAULT_PORTAL' if by_setting else 'set in the file of portals'}")
