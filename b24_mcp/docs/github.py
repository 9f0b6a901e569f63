"""Editions of the documentation from GitHub."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from b24_mcp.docs.download import GITHUB, Host, download
from b24_mcp.docs.errors import DocsError
from b24_mcp.docs.index import Progress
from b24_mcp.docs.origin import REPOSITORIES, DocsOrigin, Language
from b24_mcp.docs.sources import LicensedEdition, archived_editions
from b24_mcp.docs.sync import sound_origin

MOST_BYTES = 256 << 20
"""The most bytes of an archive that is downloaded without a person waiting. An edition has about 35 MB."""


def fetch_edition(
    folder: Path, scratch: Path, language: Language, progress: Progress, *, host: Host = GITHUB
) -> tuple[Iterable[LicensedEdition], DocsOrigin | None]:
    """Download an edition into `scratch` and return it. When the copy in `folder` is up to date, return no edition and
    the origin of that copy.

    Raises:
        DocsError: when the download fails, or the repository does not contain the documentation.
    """
    known = sound_origin(folder, language)
    archive = scratch / f"{language}.tar.gz"
    etag = download(
        REPOSITORIES[language],
        archive,
        etag=known.etag if known else None,
        host=host,
        on_progress=lambda size, total: progress(language, size, total or 2 * size),
        is_known=lambda head: known is not None and known.revision is not None and known.revision in _comment_of(head),
    )
    if not archive.exists():
        return (), known
    editions = [one for one in archived_editions(archive, etag=etag) if one.language == language]
    archive.unlink()
    if not editions:
        raise DocsError(f"{host.address}/{REPOSITORIES[language]} does not contain the documentation.")
    source = f"{host.address}/{REPOSITORIES[language]}"
    return [replace(one, origin=replace(one.origin, source=source)) for one in editions], None


def mirror(address: str) -> Host:
    """Return the host of a server that has copies of both repositories under the paths they have on GitHub."""
    return Host(address.rstrip("/"), (urlsplit(address).hostname or "",), MOST_BYTES)


def _comment_of(head: bytes) -> str:
    """Return the first header of a compressed archive as text. Git writes the revision into it."""
    try:
        return zlib.decompressobj(wbits=31).decompress(head, 2_048).decode("ascii", "replace")
    except zlib.error:
        return ""
