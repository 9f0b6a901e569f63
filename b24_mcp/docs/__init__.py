"""The local copy of the official documentation: synchronise, search and read it. Works offline, without a portal."""

from __future__ import annotations

from b24_mcp.docs.codes import CODES
from b24_mcp.docs.errors import DocsError, NoSuchPageError
from b24_mcp.docs.index import Kind
from b24_mcp.docs.library import DocsLibrary
from b24_mcp.docs.origin import online_address
from b24_mcp.docs.page_text import PageText
from b24_mcp.docs.search import Hit
from b24_mcp.docs.sections import CodeLanguage
from b24_mcp.errors.table import register

__all__ = ["CodeLanguage", "DocsError", "DocsLibrary", "Hit", "Kind", "NoSuchPageError", "PageText", "online_address"]

register("docs", CODES)
