"""Reads settings as text: variables of the environment first, then one file.

The file is the one that `--env-file` or `B24_ENV_FILE` names with an absolute path. Without them it is `.env` in the
user's configuration folder. Nothing is read from the working directory: a client may start the server in any folder,
such as a repository of another author. `${OTHER}` in a value is never replaced.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from b24_mcp.config.environment.restrictions import (
    ENV_FILE,
    LISTS,
    NO_PLACEHOLDER,
    RESTRICTIONS,
    misspelt_restriction,
)
from b24_mcp.config.errors import SettingsError
from b24_mcp.config.renamed import with_current_names
from b24_mcp.storage.folders import FolderError, user_folder

_PREFIX = "B24_"
_ENVIRONMENT = "the environment"
_LARGEST_FILE = 1 << 20
_LONGEST_BEGINNING = 120
_ASSIGNMENT = re.compile(
    r"\ufeff?[ \t]*(?:export[ \t]+)?'?(B24_[A-Z0-9_]{1,60})'?[ \t]*=[ \t]*[^ \t]", re.ASCII | re.IGNORECASE
)
_PLACEHOLDER = re.compile(r"\$\{\{?[^{}]*+\}")
_PLACEHOLDER_IN_OTHER_FORMS = re.compile(r"\$\w+|%\w+%|\{\{[^{}]*+\}\}")


@dataclass(frozen=True, slots=True)
class SettingTexts:
    """The settings as text, by their names in capitals. Settings with an empty value are left out.

    `file` is the file that was read, or None. `sources` says in words where each value comes from.
    """

    values: Mapping[str, str]
    sources: Mapping[str, str]
    file: Path | None


def read_setting_texts(known: Collection[str], environment: Mapping[str, str] = os.environ) -> SettingTexts:
    """Read the settings as text. `known` are the names of all settings, in capitals.

    Raises:
        SettingsError: when the file cannot be read, a restriction holds a placeholder or no entries, or a name is
            probably a misspelt restriction.
    """
    from_environment = _settings_among(environment.items(), _ENVIRONMENT, known)
    path = env_file_path(from_environment)
    from_file: dict[str, str] = {}
    if path is not None:
        from_file = _settings_among(_lines(path), str(path), known)
        if ENV_FILE in from_file:
            raise SettingsError(f"{ENV_FILE} in {path} has no effect: set it in the environment, or remove it")
    values = from_file | from_environment
    sources = dict.fromkeys(from_file, str(path)) | dict.fromkeys(from_environment, _ENVIRONMENT)
    names = [name for name in values if name in known or name in RESTRICTIONS]
    filled = {name: values[name] for name in names if _has_value(name, values[name], sources[name])}
    return SettingTexts(filled, {name: sources[name] for name in filled}, path)


def env_file_path(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the path of the settings file; None when none is named and the user has none.

    Raises:
        SettingsError: when the named path is relative, or the user's configuration folder is unknown.
    """
    named = environment.get(ENV_FILE)
    if named:
        return absolute_path(ENV_FILE, named)
    try:
        path = user_folder("config") / ".env"
    except FolderError as exc:
        raise SettingsError(str(exc)) from None
    # A broken link counts as present: reading it fails, and the restrictions it should hold are not overlooked.
    return path if path.exists() or path.is_symlink() else None


def absolute_path(setting: str, value: str) -> Path:
    """Return the path in a setting, with `~` replaced.

    Raises:
        SettingsError: when it is relative. It would depend on the folder in which the program is started.
    """
    try:
        path = Path(value).expanduser()
    except RuntimeError:
        path = Path(value)
    if not path.is_absolute() or "\0" in value:
        raise SettingsError(f"{setting} has to be an absolute path, such as {Path.home() / 'b24-mcp'}")
    return path


def names_in_file(path: Path) -> set[str]:
    """Return the names of `B24_` variables that a file sets, in capitals; an empty set when it cannot be read.

    The file is not trusted: only the beginnings of its lines are read, and only plain names are returned.
    """
    try:
        with path.open("rb") as file:
            lines = file.read(_LARGEST_FILE).decode("utf-8", "replace").splitlines()
    except OSError:
        return set()
    found = (_ASSIGNMENT.match(line[:_LONGEST_BEGINNING]) for line in lines)
    return {match[1].upper() for match in found if match}


def _settings_among(pairs: Iterable[tuple[str, str]], source: str, known: Collection[str]) -> dict[str, str]:
    """Return the settings among these variables, by their names in capitals.

    Raises:
        SettingsError: for a name that is probably a misspelt restriction, and for a restriction with two values.
    """
    found: dict[str, str] = {}
    for name, value in with_current_names(pairs, source):
        if not value:
            continue
        meant = misspelt_restriction(name, {*known, *RESTRICTIONS, ENV_FILE})
        if meant is not None:
            raise SettingsError(
                f"{name[:60]!r} in {source} is not a setting: {meant} is probably meant. Rename or remove it"
            )
        setting = name.upper()
        if not setting.startswith(_PREFIX):
            continue
        if setting in NO_PLACEHOLDER and found.get(setting, value) != value:
            raise SettingsError(f"{setting} has two different values in {source}: keep one")
        found[setting] = value
    return found


def _has_value(name: str, value: str, source: str) -> bool:
    """Whether a setting has a value. A placeholder `${NAME}` does not count: clients pass it on when NAME is unset.

    Raises:
        SettingsError: for a placeholder in a setting that must not count as unset.
    """
    if name in LISTS and not value.replace(",", "").strip():
        raise SettingsError(f"{name} (from {source}) is a list without entries: add entries, or remove the setting")
    if name not in NO_PLACEHOLDER and not value.strip().strip("\"'"):
        return False  # `docker --env-file` keeps the quotes of an empty value
    forms = [_PLACEHOLDER, _PLACEHOLDER_IN_OTHER_FORMS] if name in RESTRICTIONS else [_PLACEHOLDER]
    if not any(form.search(value) for form in forms):
        return True
    if name not in NO_PLACEHOLDER and _PLACEHOLDER.fullmatch(value):
        return False
    raise SettingsError(
        f"{name} (from {source}) holds the name of another variable, which is not filled in: write the value itself, "
        "or remove the setting"
    )


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the names and values in a file.

    Raises:
        SettingsError: when it cannot be read, or one of its lines is not an assignment.
    """
    from dotenv.parser import parse_stream  # not needed without such a file

    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        text = content.decode("utf-8-sig")
    except OSError as exc:
        raise SettingsError(f"The settings file {path} cannot be read: {exc.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"The settings file {path} cannot be read: it is not UTF-8 text") from None
    if len(content) > _LARGEST_FILE:
        raise SettingsError(f"The settings file {path} is larger than 1 MB")
    for line in parse_stream(io.StringIO(text)):
        if line.error or (line.key is not None and line.value is None):
            # The line is not skipped: it may be the one that was meant to restrict.
            text = line.original.string
            number = line.original.line + text[: len(text) - len(text.lstrip())].count("\n")
            raise SettingsError(f"Line {number} of the settings file {path} is not NAME=value")
        if line.key is not None and line.value is not None:
            yield line.key, line.value
