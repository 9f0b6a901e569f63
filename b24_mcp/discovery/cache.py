"""The cache of OpenAPI documents on disk, which spares every process a request to the portal."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path

from pydantic_core import from_json, to_json

from b24_mcp.storage.files import write_private_file
from b24_mcp.storage.folders import make_private, user_folder

_LOG = logging.getLogger(__name__)
_FORMAT = 1
_LARGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class CachedDocument:
    """A document with the time it was read (Unix time). The document is None when the portal has no REST 3.0."""

    document: object
    read_at: float


class DocumentCache:
    """The cached document of one portal, a file in `folder`. Errors while reading or writing are ignored."""

    def __init__(self, folder: Path, host: str) -> None:
        import hashlib  # not needed at start

        # The name is for people; the digest keeps hosts apart whose names a file system treats as equal. Neither
        # contains a credential.
        name = re.sub(r"[^a-z0-9.-]", "_", host.lower())[:60]
        self.path = folder / f"{name}-{hashlib.sha256(host.lower().encode()).hexdigest()[:16]}.json"

    def load(self) -> CachedDocument | None:
        """Read the cached document; None when no usable document is cached."""
        try:
            if self.path.stat().st_size > _LARGEST:
                return None
            form = from_json(self.path.read_bytes())
        except (OSError, ValueError):
            return None
        if not isinstance(form, dict) or form.get("format") != _FORMAT or "document" not in form:
            return None
        read_at = form.get("read_at")
        return CachedDocument(form["document"], float(read_at)) if isinstance(read_at, int | float) else None

    def save(self, kept: CachedDocument) -> None:
        """Write a document, and replace an existing one in one step."""
        try:
            make_private(self.path.parent)
            content = to_json({"format": _FORMAT, "read_at": kept.read_at, "document": kept.document})
            write_private_file(self.path, content, sync=False)
        except (OSError, ValueError) as exc:
            _LOG.debug("The OpenAPI document of the portal could not be cached: %s", type(exc).__name__)


def cache_folder() -> Path:
    """Return the folder of the cache, below the cache folder of the user."""
    return user_folder("cache") / "portals"
