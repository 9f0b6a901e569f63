"""Editions of the documentation from a folder, an archive, or a folder of archives."""

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

_NO_LICENCE = "This copy came without a licence file. Bitrix24 publishes the original under the MIT licence."


@dataclass(frozen=True, slots=True)
class LicensedEdition:
    """An edition with its origin and its licence."""

    edition: Edition
    origin: DocsOrigin
    licence: str

    @property
    def language(self) -> Language:
        """The language of the edition."""
        return cast("Language", self.edition.language)


def local_editions(place: Path) -> Iterator[LicensedEdition]:
    """Yield the editions in a folder, in an archive, or in the archives of a folder; each language once.

    Raises:
        DocsError: when no edition is found, or an archive cannot be read.
    """
    found: set[str] = set()
    if place.is_dir():
        for source in _folder_editions(place):
            found.add(source.language)
            yield source
        archives = sorted(path for path in place.iterdir() if path.name.endswith(SUFFIXES) and path.is_file())
    else:
        archives = [place]
    for archive in archives:
        for source in archived_editions(archive):
            if source.language not in found:
                found.add(source.language)
                yield source
    if not found:
        raise DocsError(f"{place} does not contain the documentation: no folder with api-reference in it was found.")


def archived_editions(archive: Path, *, etag: str | None = None) -> Iterator[LicensedEdition]:
    """Yield the editions in an archive.

    Raises:
        DocsError: when the archive cannot be read.
    """
    unpacked = read_archive(archive)
    with archive.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    for texts in editions_in(unpacked.texts):
        files = InMemory({name: text for name, text in texts.items() if name.endswith(".md")})
        language = language_of(files)
        if language is not None:
            origin = _origin(language, archive.name, unpacked.revision, sha256, etag)
            yield LicensedEdition(Edition(language, files), origin, texts.get("LICENSE", _NO_LICENCE))


def _folder_editions(place: Path) -> Iterator[LicensedEdition]:
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
