"""The official documentation at hand: a local copy that is synchronised, searched and read. It knows no portal."""

from b24_mcp.docs.codes import CODES
from b24_mcp.docs.errors import DocsError, NoSuchPageError
from b24_mcp.docs.index import Kind
from b24_mcp.docs.library import DocsLibrary
from b24_mcp.docs.origin import online_address
from b24_mcp.docs.reading import Reading
from b24_mcp.docs.search import Hit
from b24_mcp.docs.sections import CodeLanguage
from b24_mcp.errors.table import register

__all__ = ["CodeLanguage", "DocsError", "DocsLibrary", "Hit", "Kind", "NoSuchPageError", "Reading", "online_address"]

register("docs", CODES)
