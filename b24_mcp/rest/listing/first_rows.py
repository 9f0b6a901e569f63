"""The rows in the answer of a single call of a list."""

from __future__ import annotations

from b24_mcp.catalog import known_methods
from b24_mcp.catalog.lists import list_facts
from b24_mcp.errors import B24Error
from b24_mcp.rest.listing.rows import Shape
from b24_mcp.rest.wire.answer import Answer


def rows_in(answer: Answer) -> tuple[str | None, list[object]] | None:
    """Return the rows in an answer and the key of the result that holds them, if any; None for what is no list.

    A record with one list in it, such as a contact with its phones, is no list.
    """
    if isinstance(answer.result, list):
        return None, answer.result
    known = known_methods().method(answer.method, answer.version)
    if known is None or not isinstance(answer.result, dict):
        return None
    line, result = list_facts(answer.method, answer.version), known.facts.result
    list_key = line.list_key or result.list_key
    if list_key is None and known.facts.paging is None:
        return None
    try:
        path, rows = Shape(answer.method, list_key, result.is_map or result.kind == "map").locate(answer.result)
    except B24Error:
        return None
    return (path[0] if path else None), rows


def has_pages(answer: Answer) -> bool:
    """Whether the list may go on after an answer that does not name the next page."""
    known = known_methods().method(answer.method, answer.version)
    return known is not None and known.facts.paging not in (None, "none")
