"""Read Markdown files from an untrusted archive.

Nothing is unpacked to disk: the wanted members are read into memory one by one. Links, devices and other members that
are not plain files are skipped. An archive is refused when a path leads out of it, or when it exceeds a size limit.
"""

from __future__ import annotations

import gzip
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from b24_mcp.docs.errors import DocsError

SUFFIXES = (".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar", ".zip")
_REVISION = re.compile(r"[0-9a-f]{40}")
_HEADER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """The limits of an archive: number of members, bytes unpacked, bytes of one text, bytes of all texts."""

    members: int = 200_000
    unpacked: int = 4 << 30
    text: int = 8 << 20
    texts: int = 512 << 20


@dataclass(frozen=True, slots=True)
class ArchiveTexts:
    """The texts of an archive by path, and the Git revision of the archive when it is stated."""

    texts: dict[str, str]
    revision: str | None


def read_archive(path: Path, bounds: ArchiveLimits | None = None) -> ArchiveTexts:
    """Read the Markdown files and licences of a tar (plain, gzip or xz) or zip archive.

    Raises:
        DocsError: when the file is not such an archive, is damaged or too large, or a path leads out of it.
    """
    bounds = bounds or ArchiveLimits()
    try:
        with path.open("rb") as file:
            start = file.read(6)
        if start[:2] == b"PK":
            return _zip(path, bounds)
        with closing(_opened(path, start)) as stream:
            return _tar(_LimitedStream(stream, bounds.unpacked), bounds)
    except (tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error, EOFError, NotImplementedError):
        raise DocsError(f"{path.name} is not a tar or zip archive, or it is damaged or incomplete.") from None
    except OSError as exc:
        raise DocsError(f"{path.name} cannot be read: {exc.strerror or 'it is damaged'}.") from None


def _opened(path: Path, start: bytes) -> IO[bytes]:
    if start[:2] == b"\x1f\x8b":
        return cast("IO[bytes]", gzip.open(path))
    if start == b"\xfd7zXZ\x00":
        return lzma.open(path)
    return path.open("rb")


class _LimitedStream:
    """A stream with two limits: on all bytes read, and on the bytes read since the last `allow`."""

    def __init__(self, stream: IO[bytes], total: int) -> None:
        self._stream = stream
        self._total_left = total
        self._left = _HEADER_BYTES

    def allow(self, size: int) -> None:
        """Set the limit for the next member: its size and one header, which never needs more than a megabyte."""
        self._left = size + _HEADER_BYTES

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes.

        Raises:
            DocsError: when a limit is exceeded.
        """
        if min(self._total_left, self._left) < 0:
            raise DocsError("The archive is too large when unpacked.")
        piece = self._stream.read(size)
        self._total_left -= len(piece)
        self._left -= len(piece)
        return piece


def _tar(stream: _LimitedStream, bounds: ArchiveLimits) -> ArchiveTexts:
    texts = _Texts(bounds)
    with tarfile.open(fileobj=stream, mode="r|") as tar:  # type: ignore[call-overload]  # only `read` is needed
        while (member := tar.next()) is not None:
            texts.count(member.name)
            if member.isreg() and _is_wanted(member.name):
                stream.allow(2 * member.size)
                content = tar.extractfile(member)
                assert content is not None
                texts.add(member.name, content)
            stream.allow(member.size)
            tar.members.clear()  # the list would grow with every member
        comment = tar.pax_headers.get("comment", "")
    return ArchiveTexts(texts.found, comment if _REVISION.fullmatch(comment) else None)


def _zip(path: Path, bounds: ArchiveLimits) -> ArchiveTexts:
    texts = _Texts(bounds)
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            texts.count(member.filename)
            if not member.filename or member.is_dir() or not _is_wanted(member.filename):
                continue
            if stat.S_ISLNK(member.external_attr >> 16):
                continue
            if member.flag_bits & 1:
                raise DocsError(f"{path.name} is encrypted.")
            with archive.open(member) as content:
                texts.add(member.filename, content)
        comment = archive.comment.decode("ascii", "replace")
    return ArchiveTexts(texts.found, comment if _REVISION.fullmatch(comment) else None)


class _Texts:
    def __init__(self, bounds: ArchiveLimits) -> None:
        self.found: dict[str, str] = {}
        self._bounds = bounds
        self._members = 0
        self._size = 0

    def count(self, name: str) -> None:
        self._members += 1
        if self._members > self._bounds.members:
            raise DocsError("The archive contains too many files.")
        if name.startswith(("/", "\\")) or "\\" in name or ".." in name.split("/") or re.match("[A-Za-z]:", name):
            raise DocsError("The archive contains a path that leads out of it.")

    def add(self, name: str, content: IO[bytes]) -> None:
        text = content.read(self._bounds.text + 1)
        self._size += len(text)
        if len(text) > self._bounds.text or self._size > self._bounds.texts:
            raise DocsError("The texts in the archive are larger than those of the documentation can be.")
        self.found[name] = text.decode("utf-8", "replace")


def _is_wanted(name: str) -> bool:
    return name.endswith((".md", "/LICENSE")) or name == "LICENSE"


def editions_in(texts: dict[str, str]) -> Iterator[dict[str, str]]:
    """Yield the texts of each edition by their paths below its root. A root is the folder of the topmost
    `api-reference`.
    """
    roots = {name[: found.start(1)] for name in texts if (found := re.search(r"(?:^|/)(api-reference/)", name))}
    shallow = min((root.count("/") for root in roots), default=0)
    for root in sorted(root for root in roots if root.count("/") == shallow):
        yield {name.removeprefix(root): text for name, text in texts.items() if name.startswith(root)}
