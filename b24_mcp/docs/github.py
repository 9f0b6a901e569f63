"""The editions as GitHub has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from b24_mcp.docs.download import GITHUB, Host, download
from b24_mcp.docs.errors import DocsError
from b24_mcp.docs.index import Progress
from b24_mcp.docs.origin import REPOSITORIES, DocsOrigin, Language
from b24_mcp.docs.sources import LicensedEdition, archived_editions
from b24_mcp.docs.sync import copy_origin


def fetch_edition(
    folder: Path, scratch: Path, language: Language, progress: Progress, *, host: Host = GITHUB
) -> tuple[Iterable[LicensedEdition], DocsOrigin | None]:
    """Fetch an edition into `scratch`. Gives it, or where the copy in `folder` came from when that is the same.

    Raises:
        DocsError: when it cannot be had, or is not the documentation.
    """
    known = copy_origin(folder, language)
    archive = scratch / f"{language}.tar.gz"
    etag = download(
        REPOSITORIES[language],
        archive,
        etag=known.etag if known else None,
        host=host,
        received=lambda size, whole: progress(language, size, whole or 2 * size),
    )
    if not archive.exists():
        return (), known
    editions = [one for one in archived_editions(archive, etag=etag) if one.language == language]
    archive.unlink()
    if not editions:
        raise DocsError(f"What {host.address} has at {REPOSITORIES[language]} is not the documentation.")
    source = f"{host.address}/{REPOSITORIES[language]}"
    return [replace(one, origin=replace(one.origin, source=source)) for one in editions], None
