"""The local copy of the official documentation, in the folder that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from b24_mcp.errors import B24Error, our_error

if TYPE_CHECKING:
    from b24_mcp.docs import DocsLibrary

DOC_ADDRESS = "b24://doc/{+page}"
NO_COPY = "The documentation is not on this computer. A person can download it with: b24-mcp docs sync"


def open_library() -> tuple[DocsLibrary, int]:
    """Return the local copy, which may be empty, and the size limit of an answer in characters.

    This function reads files: call it in a worker thread.

    Raises:
        B24Error: `B24MCP_SETTINGS`, when the settings cannot be used.
    """
    # Neither module is needed to start the server and to list its tools.
    from b24_mcp.config.settings import SettingsError, load_settings
    from b24_mcp.docs import DocsLibrary

    try:
        settings = load_settings()
    except SettingsError as exc:
        raise our_error("B24MCP_SETTINGS", f"{exc}.") from None
    return DocsLibrary(settings.data_folder / "docs"), settings.budget


def page_names(prefix: str) -> list[str]:
    """Return completions of a page path, with language: first the paths that begin with `prefix`, then those that
    contain it. The list is empty without a usable copy.
    """
    from b24_mcp.docs import DocsError

    try:
        return open_library()[0].completions(prefix)
    except (B24Error, DocsError):
        return []


def examples_of(page: str | None) -> list[object]:
    """Return the parameters that the code samples on a method's page send; an empty list without a usable copy."""
    from b24_mcp.docs import DocsError

    if page is None:
        return []
    try:
        return open_library()[0].examples(page)
    except (B24Error, DocsError):
        return []
