"""The OpenAPI document of a portal kept on disk, so that it is read once and not by every process anew."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from b24_mcp.storage.files import write_private_file
from b24_mcp.storage.folders import make_private, user_folder

_LOG = logging.getLogger(__name__)
_FORMAT = 1
_LARGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class CachedDocument:
    """A document and when it was read (Unix time). It is None when the portal has no REST 3.0."""

    document: Any
    read_at: float


class DocumentCache:
    """The file of one portal, in `folder`. One that cannot be read counts as none, and none need be written."""

    def __init__(self, folder: Path, host: str) -> None:
        import hashlib  # not needed to start

        # The name serves people, the digest tells hosts apart that file systems would not. No credential is in either.
        name = re.sub(r"[^a-z0-9.-]", "_", host.lower())[:60]
        self.path = folder / f"{name}-{hashlib.sha256(host.lower().encode()).hexdigest()[:16]}.json"

    def load(self) -> CachedDocument | None:
        """Read what was kept."""
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
        """Keep a document; one that is there is replaced in one step."""
        try:
            make_private(self.path.parent)
            content = to_json({"format": _FORMAT, "read_at": kept.read_at, "document": kept.document})
            write_private_file(self.path, content, sync=False)
        except (OSError, ValueError) as exc:
            _LOG.debug("What the portal says of itself could not be kept: %s", type(exc).__name__)


def cache_folder() -> Path:
    """Return the folder where documents are kept: in the user's own cache."""
    return user_folder("cache") / "portals"
