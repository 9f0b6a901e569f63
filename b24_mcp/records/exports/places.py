"""The places where files may be written: in the folders that the user named, under a fully visible name."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from b24_mcp.errors import B24Error, our_error

_LONGEST_NAME = 200
_INVISIBLE_CATEGORIES = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
# Invisible letters: fillers of Hangul, blank Braille, vowels of Khmer, and the selectors of a variant of the character
# before them.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0), range(0x180B, 0x1810))
# Source: Microsoft, "Naming Files, Paths, and Namespaces".
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789\u00b9\u00b2\u00b3"]
)


@dataclass(frozen=True, slots=True)
class ExportPlace:
    """The place of a new file: `parts` are the folders below `root`, and the name.

    Links are followed in the path of `root` only.
    """

    root: Path
    parts: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The whole path."""
        return self.root.joinpath(*self.parts)

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.parts[-1]


def folders_of(setting: str | None) -> list[Path]:
    """Return the folders named in `B24_FILES_DIR`, separated as in `PATH`."""
    return [Path(part).expanduser() for part in (setting or "").split(os.pathsep) if part.strip()]


def place_of(path: Path) -> ExportPlace:
    """Return the place of a path that the user typed: it may have any name and any link.

    Raises:
        B24Error: `B24MCP_EXPORT` if the path does not end with a name.
    """
    if path.name in ("", ".."):
        raise _refuse(str(path), "it is not the name of a file")
    return ExportPlace(path.parent, (path.name,))


def place_in(setting: str | None, path: str) -> ExportPlace:
    """Return the place of a path that a model wrote: in the first folder, or in another one as an absolute path.

    The disk below the folder is not accessed here. Links are refused when the file is opened.

    Raises:
        B24Error: `B24MCP_EXPORT_FOLDER` if no folder is configured or the path is outside, `B24MCP_EXPORT` if a name in
            it is not valid for a file or a folder.
    """
    folders = folders_of(setting)
    if not folders:
        raise our_error("B24MCP_EXPORT_FOLDER", "No folder for files is configured.")
    if not path.strip():
        raise our_error("B24MCP_EXPORT", "The path of the file is empty.")
    try:
        roots = [Path(os.path.abspath(folder)) for folder in folders]
        for root in roots:
            below = _below(path, root, is_first=root == roots[0])
            if below is not None:
                for part in below:
                    check_file_name(part)
                return ExportPlace(root, below)
    except ValueError:  # a character that a path cannot hold
        raise _refuse(path, "it holds a control character") from None
    raise our_error("B24MCP_EXPORT_FOLDER", f"{_shown(path)} is not in the folder for files.", hint=_hint(roots))


def check_file_name(name: str) -> None:
    """Check the name of a file or a folder.

    Raises:
        B24Error: `B24MCP_EXPORT`, with the reason, if a reader cannot see the whole name, or a system would interpret
            it differently.
    """
    if name in ("", ".", ".."):
        raise _refuse(name, "it is not the name of a file")
    if len(name) > _LONGEST_NAME:
        raise _refuse(name, f"it is longer than {_LONGEST_NAME} characters")
    hidden = next((character for character in name if is_invisible(character)), None)
    if hidden is not None:
        raise _refuse(name, f"it holds a character that is not visible (U+{ord(hidden):04X})")
    if any(character in name for character in ':\\/<>"|?*'):
        raise _refuse(name, 'it holds one of the characters : \\ / < > " | ? *, which not every system allows')
    if name != name.strip() or name.endswith("."):
        raise _refuse(name, "it begins or ends with a space, or ends with a dot")
    if name.partition(".")[0].rstrip().lower() in _DEVICES:
        raise _refuse(name, "on Windows it is the name of a device")


def is_invisible(character: str) -> bool:
    """Whether a character is invisible or changes how others are shown: control, bidirectional, blank, unassigned."""
    if character in _BLANK or any(ord(character) in selectors for selectors in _SELECTORS):
        return True
    category = unicodedata.category(character)
    return category in _INVISIBLE_CATEGORIES or (category == "Zs" and character != " ")


def _below(path: str, root: Path, *, is_first: bool) -> tuple[str, ...] | None:
    """Return the parts of a path below a folder; None if it is outside.

    `..` is resolved in the text, which is correct because no part may be a link.
    """
    wanted = os.path.normpath(os.path.join(root, path)) if is_first else os.path.normpath(path)
    for folder in (root, Path(os.path.realpath(root))):
        try:
            parts = Path(wanted).relative_to(folder).parts
        except ValueError:
            continue
        if parts:
            return parts
    return None


def _refuse(name: str, why: str) -> B24Error:
    return our_error("B24MCP_EXPORT", f"{_shown(name)} cannot be the name of a file: {why}.")


def _shown(name: str) -> str:
    return ascii(name[:_LONGEST_NAME]) if any(map(is_invisible, name)) else repr(name[:_LONGEST_NAME])


def _hint(roots: Sequence[Path]) -> str:
    return f"Nothing was written. Use a plain file name, or a path in {' or '.join(map(str, roots))}."
