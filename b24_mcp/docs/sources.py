"""Editions on their way in: from a folder, from an archive, or from a folder of archives."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from b24_mcp.dialect.editions import Edition, Files, InMemory, NoDocumentationError, find_editions, language_of
from b24_mcp.docs.archives import SUFFIXES, editions_in, read_archive
from b24_mcp.docs.errors import DocsError
from b24_mcp.docs.origin import REPOSITORIES, DocsOrigin, Language

_NO_LICENCE = "No licence was found beside this copy. The original is published under the MIT licence by Bitrix24."


@dataclass(frozen=True, slots=True)
class LicensedEdition:
    """An edition, where it comes from, and the licence that came with it."""

    edition: Edition
    origin: DocsOrigin
    licence: str

    @property
    def language(self) -> Language:
        """Its language."""
        return cast("Language", self.edition.language)


def local_editions(place: Path) -> Iterator[LicensedEdition]:
    """Find the editions in a folder, in an archive, or in the archives of a folder; each language once.

    Raises:
        DocsError: when there is none, or an archive cannot be read.
    """
    found: set[str] = set()
    if place.is_dir():
        for incoming in _of_folder(place):
            found.add(incoming.language)
            yield incoming
        archives = sorted(path for path in place.iterdir() if path.name.endswith(SUFFIXES) and path.is_file())
    else:
        archives = [place]
    for archive in archives:
        for incoming in archived_editions(archive):
            if incoming.language not in found:
                found.add(incoming.language)
                yield incoming
    if not found:
        raise DocsError(f"{place} holds no edition of the documentation: no folder with api-reference in it.")


def archived_editions(archive: Path, *, etag: str | None = None) -> Iterator[LicensedEdition]:
    """Read the editions an archive holds. Raises `DocsError`."""
    unpacked = read_archive(archive)
    with archive.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    for texts in editions_in(unpacked.texts):
        files = InMemory({name: text for name, text in texts.items() if name.endswith(".md")})
        language = language_of(files)
        if language is not None:
            origin = _origin(language, archive.name, unpacked.revision, sha256, etag)
            yield LicensedEdition(Edition(language, files), origin, texts.get("LICENSE", _NO_LICENCE))


def _of_folder(place: Path) -> Iterator[LicensedEdition]:
    try:
        editions = find_editions(place)
    except NoDocumentationError:
        return
    for language, edition in editions.items():
        licence = _text(edition.files, "LICENSE") or _NO_LICENCE
        yield LicensedEdition(edition, _origin(language, str(place), None, None, None), licence)


def _text(files: Files, name: str) -> str | None:
    try:
        return files.text(name)
    except OSError:
        return None


def _origin(language: str, source: str, revision: str | None, sha256: str | None, etag: str | None) -> DocsOrigin:
    taken = datetime.now(UTC).isoformat(timespec="seconds")
    return DocsOrigin(REPOSITORIES[cast("Language", language)], source, revision, sha256, taken, etag)
