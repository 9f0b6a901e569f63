"""What words mean on a portal, and named queries: a Markdown file for each portal that only a person writes.

The files are in the folder `notes` beside the file of portals. `term = meaning` on a line of its own explains a term. A
heading with a block of SQL below it is a named query. Other lines are notes, under the heading above them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from b24_mcp.config.settings import Settings
from b24_mcp.storage.folders import user_folder

NoteKind = Literal["word", "query", "note"]
LARGEST = 64 << 10
"""The most bytes that are read of a file."""
TEMPLATE = """\
# Notes on this portal

What the words of your company mean, for assistants that work with this portal. They read this file and never change it.

## Words

<!-- active client = a company with a won deal in the last 12 months -->

## Queries

<!-- A heading names a query, and the SQL below it runs over data sets that list_records has read.
### Deals per person
```sql
SELECT ASSIGNED_BY_ID, count(*) FROM deals GROUP BY 1
```
-->
"""
_LONGEST_WORD = 80
_HEADING = re.compile(r"#{1,6}\s+(?P<title>\S.*)")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.S)
_BULLET = re.compile(r"^[-*]\s+")


@dataclass(frozen=True, slots=True)
class PortalNote:
    """A term with its meaning, a named query with its SQL, or a line of text under a heading."""

    kind: NoteKind
    name: str
    text: str


def notes_file(settings: Settings, portal: str) -> Path:
    """Return the path of the notes on a portal; the file may not exist."""
    return (settings.config or user_folder("config") / "portals.toml").parent / "notes" / f"{portal}.md"


def read_notes(path: Path) -> list[PortalNote]:
    """Return the notes in a file; an empty list without a file that can be read."""
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST).decode("utf-8", "replace")
    except OSError:
        return []
    return list(_notes(_COMMENT.sub("", text.lstrip("\ufeff"))))


def _notes(text: str) -> Iterator[PortalNote]:
    heading = ""
    code: list[str] | None = None
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("```"):
            if code:
                yield PortalNote("query", heading, "\n".join(code).strip())
            code = [] if code is None else None
        elif code is not None:
            code.append(line)
        elif found := _HEADING.fullmatch(bare):
            heading = found["title"]
        elif word := _word(bare):
            yield word
        elif bare:
            yield PortalNote("note", heading, _BULLET.sub("", bare))
    if code:
        yield PortalNote("query", heading, "\n".join(code).strip())


def _word(line: str) -> PortalNote | None:
    """Return the term that a line explains; None for another line."""
    name, equals, text = (part.strip() for part in _BULLET.sub("", line).partition("="))
    is_word = bool(equals and name and text) and len(name) <= _LONGEST_WORD and not set(name) & set("<>#`|")
    return PortalNote("word", name, text) if is_word else None
