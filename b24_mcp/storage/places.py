"""The places where files may be read and written: in the folders of the user, under a fully visible name.

The folders are those of `B24_FILES_DIR`. Without it, the folder is `Bitrix24` in the documents folder of the user. It
is made when it is first needed.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from b24_mcp.errors import B24Error, our_error
from b24_mcp.storage.folders import FolderError

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
class FilePlace:
    """The place of a file: `parts` are the folders below `root`, and the name.

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


def default_files_folder() -> Path:
    """Return the folder of files where no setting names another: `Bitrix24` in the documents folder of the user.

    Raises:
        FolderError: when a variable makes it a relative path.
    """
    from platformdirs import user_documents_path  # not needed to start and list the tools

    folder = user_documents_path() / "Bitrix24"
    if not folder.is_absolute():
        raise FolderError("HOME or XDG_DOCUMENTS_DIR is a relative path: set it to an absolute one")
    return folder


def folders_of(setting: str | None) -> list[Path]:
    """Return the folders named in `B24_FILES_DIR`, separated as in `PATH`; without any, the default folder.

    Raises:
        FolderError: as `default_files_folder`.
    """
    named = [Path(part).expanduser() for part in (setting or "").split(os.pathsep) if part.strip()]
    return named or [default_files_folder()]


def make_files_folder(folder: Path) -> None:
    """Make a folder for files that does not exist. Only the default folder is made with its parents.

    Raises:
        OSError: when it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileNotFoundError:
        if folder.name != "Bitrix24" or folder != default_files_folder():
            raise
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def place_of(path: Path) -> FilePlace:
    """Return the place of a path that the user typed: it may have any name and any link.

    Raises:
        B24Error: `B24MCP_FILE` if the path does not end with a name.
    """
    if path.name in ("", ".."):
        raise _refuse(str(path), "it is not the name of a file")
    return FilePlace(path.parent, (path.name,))


def place_in(setting: str | None, path: str, *, existing: bool = False) -> FilePlace:
    """Return the place of a path that a model wrote: in the first folder, or in another one as an absolute path.

    `setting` is `B24_FILES_DIR`. `existing` means a file to read, whose name is not ours to choose. The disk below the
    folder is not accessed here. Links are refused when the file is opened.

    Raises:
        B24Error: `B24MCP_FILE_FOLDER` if the path is outside the folders, `B24MCP_FILE` if a name in it is not valid
            for a file or a folder.
    """
    try:
        folders = folders_of(setting)
    except FolderError as exc:
        raise our_error("B24MCP_FILE_FOLDER", f"There is no folder for files: {exc}.") from None
    if not path.strip():
        raise our_error("B24MCP_FILE", "The path of the file is empty.")
    try:
        roots = [Path(os.path.abspath(folder)) for folder in folders]
        for root in roots:
            below = _below(path, root, is_first=root == roots[0])
            if below is not None:
                for part in below:
                    check_file_name(part, existing=existing)
                return FilePlace(root, below)
    except ValueError:  # a character that a path cannot hold
        raise _refuse(path, "it holds a control character") from None
    raise our_error("B24MCP_FILE_FOLDER", f"{shown_name(path)} is not in the folder for files.", hint=_hint(roots))


def check_file_name(name: str, *, existing: bool = False) -> None:
    """Check the name of a file or a folder. An `existing` one may have any space, and signs that its system allows.

    Raises:
        B24Error: `B24MCP_FILE`, with the reason, if a reader cannot see the whole name, or a system would interpret
            it differently.
    """
    if name in ("", ".", ".."):
        raise _refuse(name, "it is not the name of a file")
    if len(name) > _LONGEST_NAME:
        raise _refuse(name, f"it is longer than {_LONGEST_NAME} characters")
    hidden = next((character for character in name if is_invisible(character)), None)
    if existing and hidden is not None and unicodedata.category(hidden) == "Zs":
        hidden = next((one for one in name if is_invisible(one) and unicodedata.category(one) != "Zs"), None)
    if hidden is not None:
        raise _refuse(name, f"it holds a character that is not visible (U+{ord(hidden):04X})")
    if existing and os.name != "nt":
        return
    if any(character in name for character in ':\\/<>"|?*'):
        raise _refuse(name, 'it holds one of the characters : \\ / < > " | ? *, which not every system allows')
    if name != name.strip() or name.endswith("."):
        raise _refuse(name, "it begins or ends with a space, or ends with a dot")
    if name.partition(".")[0].rstrip().lower() in _DEVICES:
        raise _refuse(name, "on Windows it is the name of a device")


def sent_name(name: str) -> str:
    """Return the name of a file as others get it: composed, with plain spaces, without invisible characters."""
    composed = unicodedata.normalize("NFC", name)
    spaced = ("".join(" " if unicodedata.category(one) == "Zs" else one for one in composed)).strip()
    return "".join(one for one in spaced if not is_invisible(one)) or "file"


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
    return our_error("B24MCP_FILE", f"{shown_name(name)} cannot be the name of a file: {why}.")


def shown_name(name: str) -> str:
    """Return a name in quotes for a message, with escapes where a reader could not see a character."""
    return ascii(name[:_LONGEST_NAME]) if any(map(is_invisible, name)) else repr(name[:_LONGEST_NAME])


def _hint(roots: Sequence[Path]) -> str:
    return f"Nothing was read or written. Use a plain file name, or a path in {' or '.join(map(str, roots))}."
