"""PageText the Markdown out of an archive that may be anything.

Nothing is unpacked to disk: members are read in memory one by one, and only those that are wanted. Links, devices and
whatever else is no plain file are passed over; an archive with a path that leaves it is refused, and so is one that
grows beyond a size while it is unpacked.
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
_HEADER_ROOM = 1 << 20


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """How large an archive may be: members, bytes once unpacked, bytes of one text, bytes of all texts."""

    members: int = 200_000
    unpacked: int = 4 << 30
    text: int = 8 << 20
    texts: int = 512 << 20


@dataclass(frozen=True, slots=True)
class ArchiveTexts:
    """The texts of an archive by their paths in it, and the revision it was made of, where it says so."""

    texts: dict[str, str]
    revision: str | None


def read_archive(path: Path, bounds: ArchiveLimits | None = None) -> ArchiveTexts:
    """Read the Markdown files and licences of a tar (plain, gzip or xz) or zip archive.

    Raises:
        DocsError: when it is no such archive, is broken, too large, or holds a path that leaves it.
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
        raise DocsError(f"{path.name} is no archive that can be read, or it is broken or cut short.") from None
    except OSError as exc:
        raise DocsError(f"{path.name} cannot be read: {exc.strerror or 'it is broken'}.") from None


def _opened(path: Path, start: bytes) -> IO[bytes]:
    if start[:2] == b"\x1f\x8b":
        return cast("IO[bytes]", gzip.open(path))
    if start == b"\xfd7zXZ\x00":
        return lzma.open(path)
    return path.open("rb")


class _LimitedStream:
    """A stream that ends in an error when more is read from it than was allowed, in all or since the last `allow`."""

    def __init__(self, stream: IO[bytes], whole: int) -> None:
        self._stream = stream
        self._whole = whole
        self._now = _HEADER_ROOM

    def allow(self, size: int) -> None:
        """Let so many bytes be read, and a header: no header needs more than a megabyte."""
        self._now = size + _HEADER_ROOM

    def read(self, size: int) -> bytes:
        """Read."""
        if min(self._whole, self._now) < 0:
            raise DocsError("The archive becomes too large when it is unpacked.")
        piece = self._stream.read(size)
        self._whole -= len(piece)
        self._now -= len(piece)
        return piece


def _tar(stream: _LimitedStream, bounds: ArchiveLimits) -> ArchiveTexts:
    texts = _Texts(bounds)
    with tarfile.open(fileobj=stream, mode="r|") as tar:  # type: ignore[call-overload]  # reads, and no more is needed
        while (member := tar.next()) is not None:
            texts.count(member.name)
            if member.isreg() and _is_wanted(member.name):
                stream.allow(2 * member.size)
                content = tar.extractfile(member)
                assert content is not None
                texts.put(member.name, content)
            stream.allow(member.size)
            tar.members.clear()  # it would remember each
        comment = tar.pax_headers.get("comment", "")
    return ArchiveTexts(texts.found, comment if _REVISION.fullmatch(comment) else None)


def _zip(path: Path, bounds: ArchiveLimits) -> ArchiveTexts:
    texts = _Texts(bounds)
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            texts.count(member.filename)
            if member.is_dir() or stat.S_ISLNK(member.external_attr >> 16) or not _is_wanted(member.filename):
                continue
            if member.flag_bits & 1:
                raise DocsError(f"{path.name} is encrypted.")
            with archive.open(member) as content:
                texts.put(member.filename, content)
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
            raise DocsError("The archive holds too many files.")
        if name.startswith(("/", "\\")) or "\\" in name or ".." in name.split("/") or re.match("[A-Za-z]:", name):
            raise DocsError("The archive holds a path that leads out of it.")

    def put(self, name: str, content: IO[bytes]) -> None:
        text = content.read(self._bounds.text + 1)
        self._size += len(text)
        if len(text) > self._bounds.text or self._size > self._bounds.texts:
            raise DocsError("The archive holds texts larger than the documentation's can be.")
        self.found[name] = text.decode("utf-8", "replace")


def _is_wanted(name: str) -> bool:
    return name.endswith((".md", "/LICENSE")) or name == "LICENSE"


def editions_in(texts: dict[str, str]) -> Iterator[dict[str, str]]:
    """Give the texts of each edition, by their paths below its root: where `api-reference` lies, the least deep."""
    roots = {name[: found.start(1)] for name in texts if (found := re.search(r"(?:^|/)(api-reference/)", name))}
    shallow = min((root.count("/") for root in roots), default=0)
    for root in sorted(root for root in roots if root.count("/") == shallow):
        yield {name.removeprefix(root): text for name, text in texts.items() if name.startswith(root)}
