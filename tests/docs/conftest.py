"""The test documentation, as files and as a synchronised copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from b24_mcp.docs import DocsLibrary
from b24_mcp.docs.sources import local_editions
from b24_mcp.docs.sync import SyncResult, replace_copy, sync_lock
from tests.docs.pages import write_edition


def sync(folder: Path, place: Path) -> dict[str, SyncResult]:
    """Synchronise from a folder or an archive, as the command does."""
    with sync_lock(folder):
        done = [replace_copy(folder, incoming, lambda *_: None) for incoming in local_editions(place)]
    return {one.language: one for one in done}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with both editions as files."""
    for language in ("en", "ru"):
        write_edition(tmp_path / "tree" / language / "checkout", language)
    return tmp_path / "tree"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the copy."""
    return tmp_path / "data" / "docs"


@pytest.fixture
def library(tree: Path, folder: Path) -> DocsLibrary:
    """A copy of both editions."""
    sync(folder, tree)
    return DocsLibrary(folder)
