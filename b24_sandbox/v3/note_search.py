"""The search of knowledge bases: relevance and snippets (documentation: api-reference/note/document)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from b24_sandbox import php
from b24_sandbox.php import Map
from b24_sandbox.v3.errors import ApiError

SHORTEST_QUERY, LONGEST_QUERY = 3, 200
_CONTEXT = 40
"""Characters of a snippet on each side of the first match."""


def search(query: str, rows: Iterable[Map]) -> list[Map]:
    """Return the documents that contain every word of a query, the best first.

    Raises:
        ApiError: for a query that is too short or too long.
    """
    wanted = query.strip()
    if len(wanted) < SHORTEST_QUERY:
        raise ApiError("NOTE_SEARCH_QUERY_TOO_SHORT", f"The query must have at least {SHORTEST_QUERY} characters")
    if len(wanted) > LONGEST_QUERY:
        raise ApiError("NOTE_SEARCH_QUERY_TOO_LONG", f"The query must not exceed {LONGEST_QUERY} characters")
    words = [word.casefold() for word in wanted.split()]
    hits = [hit for row in rows if (hit := _hit(row, words)) is not None]
    return sorted(hits, key=lambda hit: (-float(php.text(hit["score"])), php.integer(hit["documentId"])))


def _hit(row: Map, words: list[str]) -> Map | None:
    title, text = php.text(row["TITLE"]), php.text(row["MARKDOWN"])
    in_title = sum(word in title.casefold() for word in words)
    if not all(word in f"{title}\n{text}".casefold() for word in words):
        return None
    return {
        "documentId": row["ID"],
        "collectionId": row["COLLECTION_ID"],
        "title": title,
        "score": round(0.5 + 0.5 * in_title / len(words), 3),
        "snippet": _snippet(text if any(word in text.casefold() for word in words) else title, words),
        "sharedAccess": False,
    }


def _snippet(text: str, words: list[str]) -> str:
    """The text around the first match as HTML, matches in bold."""
    pattern = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
    first = pattern.search(text)
    place = first.start() if first is not None else 0
    begin, end = max(place - _CONTEXT, 0), place + 2 * _CONTEXT
    part = " ".join(text[begin:end].split())
    pieces = [html.escape(piece) for piece in pattern.split(part)]
    marks = [f"<b>{html.escape(mark)}</b>" for mark in pattern.findall(part)]
    joined = "".join(f"{piece}{mark}" for piece, mark in zip(pieces, [*marks, ""], strict=True))
    return f"{'...' if begin else ''}{joined}{'...' if end < len(text) else ''}"
