"""Reading settings: variables of the environment first, then one file.

The file is the one that `--env-file` or `B24_ENV_FILE` names, by an absolute path, or else `.env` in the user's own
configuration folder. Nothing is read from the working directory: a client may start the server in any folder, such as
a repository of a stranger. Values are taken as they are written; `${OTHER}` in them is never replaced.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from b24_mcp.config.environment.problems import SettingsError
from b24_mcp.config.environment.restrictions import ENV_FILE, LISTS, MUST_BE_FILLED, RESTRICTIONS, meant_by
from b24_mcp.config.renamed import with_current_names
from b24_mcp.storage.folders import FolderError, user_folder

_PREFIX = "B24_"
_ENVIRONMENT = "the environment"
_LARGEST = 1 << 20
_LONGEST_BEGINNING = 120
_ASSIGNMENT = re.compile(
    r"\ufeff?[ \t]*(?:export[ \t]+)?'?(B24_[A-Z0-9_]{1,60})'?[ \t]*=[ \t]*[^ \t]", re.ASCII | re.IGNORECASE
)
_UNFILLED = re.compile(r"\$\{\{?[^{}]*+\}")
_UNFILLED_IN_OTHER_FORMS = re.compile(r"\$\w+|%\w+%|\{\{[^{}]*+\}\}")


@dataclass(frozen=True, slots=True)
class Given:
    """What a person has set. `values` are by the name of the setting in capitals; empty ones are left out.

    `file` is the file that was read, or None. `sources` says where each value is from, in words.
    """

    values: Mapping[str, str]
    sources: Mapping[str, str]
    file: Path | None


def read_given(known: Collection[str], environment: Mapping[str, str] = os.environ) -> Given:
    """Read the settings as text. `known` are the names of all settings, in capitals.

    Raises:
        SettingsError: when the file cannot be read, a restriction is not filled in or has no entries, or a name is so
            close to a restriction that it is probably misspelt.
    """
    here = _joined(environment.items(), _ENVIRONMENT, known)
    path = env_file_path(here)
    in_file: dict[str, str] = {}
    if path is not None:
        in_file = _joined(_lines(path), str(path), known)
        if ENV_FILE in in_file:
            raise SettingsError(f"{ENV_FILE} in {path} has no effect: set it in the environment, or remove it")
    values = in_file | here
    sources = dict.fromkeys(in_file, str(path)) | dict.fromkeys(here, _ENVIRONMENT)
    names = [name for name in values if name in known or name in RESTRICTIONS]
    filled = {name: values[name] for name in names if _is_filled(name, values[name], sources[name])}
    return Given(filled, {name: sources[name] for name in filled}, path)


def env_file_path(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the file of settings that holds; None when none is named and the user has none.

    Raises:
        SettingsError: when the named path is relative, or the user's configuration folder is not known.
    """
    named = environment.get(ENV_FILE)
    if named:
        return absolute(ENV_FILE, named)
    try:
        path = user_folder("config") / ".env"
    except FolderError as exc:
        raise SettingsError(str(exc)) from None
    # A link that leads nowhere counts as present, so that what it should hold is missed.
    return path if path.exists() or path.is_symlink() else None


def absolute(setting: str, value: str) -> Path:
    """Return a path that a person wrote, with `~` replaced.

    Raises:
        SettingsError: when it is relative: it would mean another place for each folder the program is started in.
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

    The file may be a stranger's: only the beginnings of its lines are looked at, and only plain names are returned.
    """
    try:
        with path.open("rb") as file:
            lines = file.read(_LARGEST).decode("utf-8", "replace").splitlines()
    except OSError:
        return set()
    found = (_ASSIGNMENT.match(line[:_LONGEST_BEGINNING]) for line in lines)
    return {match[1].upper() for match in found if match}


def _joined(pairs: Iterable[tuple[str, str]], source: str, known: Collection[str]) -> dict[str, str]:
    """Return the settings among these pairs by their name in capitals.

    Raises:
        SettingsError: for a name that is probably a misspelt restriction, and for a restriction with two values.
    """
    found: dict[str, str] = {}
    for name, value in with_current_names(pairs, source):
        if not value:
            continue
        meant = meant_by(name, {*known, *RESTRICTIONS, ENV_FILE})
        if meant is not None:
            raise SettingsError(
                f"{name[:60]!r} in {source} is not a setting: {meant} is probably meant. Rename or remove it"
            )
        setting = name.upper()
        if not setting.startswith(_PREFIX):
            continue
        if setting in MUST_BE_FILLED and found.get(setting, value) != value:
            raise SettingsError(f"{setting} has two different values in {source}: keep one")
        found[setting] = value
    return found


def _is_filled(name: str, value: str, source: str) -> bool:
    """Whether a setting has a value of its own; False for `${NAME}`, which a client hands on when NAME is not set.

    Raises:
        SettingsError: where that must not be taken for a setting that is not set.
    """
    if name in LISTS and not value.replace(",", "").strip():
        raise SettingsError(f"{name} (from {source}) is a list without entries: name some, or remove the setting")
    forms = [_UNFILLED, _UNFILLED_IN_OTHER_FORMS] if name in RESTRICTIONS else [_UNFILLED]
    if not any(form.search(value) for form in forms):
        return True
    if name not in MUST_BE_FILLED and _UNFILLED.fullmatch(value):
        return False
    raise SettingsError(
        f"{name} (from {source}) holds the name of another variable, which is not filled in: write the value itself, "
        "or remove the setting"
    )


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """The names and values in a file.

    Raises:
        SettingsError: when it cannot be read, or a line in it is not understood.
    """
    from dotenv.parser import parse_stream  # only those who have such a file wait for its reader

    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        text = content.decode("utf-8-sig")
    except OSError as exc:
        raise SettingsError(f"The file of settings {path} cannot be read: {exc.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"The file of settings {path} cannot be read: it is not UTF-8 text") from None
    if len(content) > _LARGEST:
        raise SettingsError(f"The file of settings {path} is larger than 1 MB")
    for line in parse_stream(io.StringIO(text)):
        if line.error or (line.key is not None and line.value is None):
            # The line is not skipped: it may be the one that was meant to restrict.
            text = line.original.string
            number = line.original.line + text[: len(text) - len(text.lstrip())].count("\n")
            raise SettingsError(f"Line {number} of the file of settings {path} is not NAME=value")
        if line.key is not None and line.value is not None:
            yield line.key, line.value
