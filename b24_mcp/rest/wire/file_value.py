"""Files as values of a planned call.

Such a value is a text that describes the file: its name, size and SHA-256. Everything that looks at a planned call sees
this text: the checks, the gate, the question to the user, the audit log, a dry run and the answer. Only the body of the
request has what the portal expects: the content in base64, or the id that the file got on the disk. So the content is
never in memory as a whole, and a permit is for exactly this content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from b24_mcp.storage.existing_file import FoundFile

_LONGEST_NAME = 100

Folder = Literal["user", "chat"]
"""The folder of the disk that a file is uploaded to: of the user, or of the chat that the call names."""


class FileValue(str):
    """A file as a value of a planned call. The text describes the file."""

    found: FoundFile

    def __new__(cls, found: FoundFile) -> FileValue:
        """Return the value of a file."""
        self = super().__new__(cls, describe(found))
        self.found = found
        return self

    def __deepcopy__(self, _: object) -> FileValue:
        return self


class InlineFile(FileValue):
    """A file whose content is sent in the request, in base64."""


class SeparateFile(FileValue):
    """A file that is uploaded after the call, to an address in its answer. The request has no content."""


class DiskFile(FileValue):
    """A file that is uploaded to the disk before the call. The request has its id, after `prefix`.

    `folder` is where it goes. `is_number` means that the id is sent as a number.
    """

    prefix: str = ""
    folder: Folder = "user"
    is_number: bool = False


class UploadedFile(FileValue):
    """A file that is on the disk now. `sent` is its id as the request has it."""

    sent: str | int = ""


def disk_file(found: FoundFile, *, prefix: str, folder: Folder, is_number: bool) -> DiskFile:
    """Return the value of a file that is uploaded to the disk first."""
    value = DiskFile(found)
    assert isinstance(value, DiskFile)
    value.prefix, value.folder, value.is_number = prefix, folder, is_number
    return value


def uploaded_file(value: DiskFile, number: int) -> UploadedFile:
    """Return the value of a file that got this id on the disk."""
    done = UploadedFile(value.found)
    assert isinstance(done, UploadedFile)
    done.sent = number if value.is_number else f"{value.prefix}{number}"
    return done


def describe(found: FoundFile) -> str:
    """Return a file in words. A `$` would be read as the beginning of a reference."""
    return f"<file {found.name[:_LONGEST_NAME].replace('$', '_')}: {found.size} bytes, SHA-256 {found.sha256}>"


def files_in(value: object) -> Iterator[FileValue]:
    """Yield the files in a JSON value."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, FileValue):
            yield one
        elif isinstance(one, dict):
            pending.extend(one.values())
        elif isinstance(one, list):
            pending.extend(one)


def holds_files(value: object) -> bool:
    """Whether a JSON value has a file in it."""
    return next(files_in(value), None) is not None


def with_files_replaced(value: object, replace: Callable[[FileValue], object]) -> object:
    """Return a copy of a JSON value whose files are replaced."""
    if isinstance(value, FileValue):
        return replace(value)
    if isinstance(value, dict):
        return {name: with_files_replaced(inner, replace) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_files_replaced(inner, replace) for inner in value]
    return value
