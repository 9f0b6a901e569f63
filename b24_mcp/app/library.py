"""The local copy of the documentation, where the settings say it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_mcp.errors import B24Error, our_error

if TYPE_CHECKING:
    from b24_mcp.docs import DocsLibrary

DOC_ADDRESS = "b24://doc/{+page}"
NO_COPY = "The documentation itself is not on this computer; a person gets it with: b24-mcp docs sync"


def open_library() -> tuple[DocsLibrary, int]:
    """Give the copy, which may be empty, and how many characters an answer may have. Reads files: call it in a thread.

    Raises:
        B24Error: `B24MCP_SETTINGS`.
    """
    # Both are not needed to start and list the tools.
    from b24_mcp.config.settings import SettingsError, load_settings
    from b24_mcp.docs import DocsLibrary

    try:
        settings = load_settings()
    except SettingsError as exc:
        raise our_error("B24MCP_SETTINGS", f"{exc}.") from None
    return DocsLibrary(settings.data_folder / "docs"), settings.budget


def page_names(beginning: str) -> list[str]:
    """Pages, with their language, whose path begins so; those that only contain it after them."""
    from b24_mcp.docs import DocsError

    try:
        return open_library()[0].completions(beginning)
    except (B24Error, DocsError):
        return []


def examples_of(page: str | None) -> list[object]:
    """What the page of a method sends in its samples, short ones; an empty list where there is no copy of it."""
    from b24_mcp.docs import DocsError

    if page is None:
        return []
    try:
        return open_library()[0].examples(page)
    except (B24Error, DocsError):
        return []
