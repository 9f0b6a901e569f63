"""Convert the blocks of a page to pieces of plain Markdown. A text can be cut between two pieces."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from b24_mcp.dialect.markup import Block, BrokenPageError, Cell, Code, Heading, MarkupTable, Note, Text, parse
from b24_mcp.docs.inline import Links, inline

_MAX_PIECE_LENGTH = 3_000
_BLANK_LINE = "\n\n"
_STARTS_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+")
_BARS = re.compile(r"(?<!\\)\|")
_MAX_NOTE_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Piece:
    """An indivisible text. `glue` is the separator before it. `head` and `foot` are the head of its table or the fences
    of its code; they are added where the text begins or ends.
    """

    text: str
    glue: str = _BLANK_LINE
    head: str = ""
    foot: str = ""


def join(pieces: Iterable[Piece]) -> str:
    """Join pieces to a text, with the head of the first and the foot of the last piece."""
    text, last = "", None
    for piece in pieces:
        if last is None:
            text = piece.head + piece.text
        else:
            if piece.glue == _BLANK_LINE:
                text += last.foot
            text += piece.glue + (piece.head if piece.glue == _BLANK_LINE else "") + piece.text
        last = piece
    return text + (last.foot if last else "")


def json_length(text: str) -> int:
    """Return the length of a text inside JSON."""
    return len(json.dumps(text, ensure_ascii=False)) - 2


def pieces_of(blocks: Iterable[Block], links: Links, depth: int = 0) -> Iterator[Piece]:
    """Yield blocks as pieces."""
    lines: list[str] = []
    for block in blocks:
        if isinstance(block, Text):
            if block.apart and lines:
                yield from _paragraph(lines, links)
                lines = []
            lines.append(block.text)
            continue
        yield from _paragraph(lines, links)
        lines = []
        match block:
            case Heading():
                yield Piece(f"{'#' * block.level} {inline(block.text, links)}")
            case Code():
                yield from _code(block)
            case MarkupTable():
                yield from _table(block, links)
            case Note():
                yield _note(block, links, depth)
    yield from _paragraph(lines, links)


def _paragraph(lines: list[str], links: Links) -> Iterator[Piece]:
    text = inline("\n".join(lines), links).strip("\n")
    if not text.strip():
        return
    glue = _BLANK_LINE
    while len(text) > _MAX_PIECE_LENGTH:
        end = max(text.rfind(end, 1, _MAX_PIECE_LENGTH) for end in ("\n", " "))
        end = end if end > 0 else _MAX_PIECE_LENGTH
        yield Piece(text[:end], glue)
        text, glue = text[end:], ""
    yield Piece(text, glue)


def _code(block: Code) -> Iterator[Piece]:
    text = textwrap.dedent(block.text).strip("\n")
    fence = "```" if "```" not in text else "````"
    head, foot = f"{fence}{block.language}\n", f"\n{fence}"
    glue = _BLANK_LINE
    while len(text) > _MAX_PIECE_LENGTH:
        end = text.rfind("\n", 1, _MAX_PIECE_LENGTH)
        end = end if end > 0 else _MAX_PIECE_LENGTH
        yield Piece(text[:end], glue, head, foot)
        text, glue = text[end:].removeprefix("\n"), "\n" if text[end] == "\n" else ""
    yield Piece(text, glue, head, foot)


def _table(table: MarkupTable, links: Links) -> Iterator[Piece]:
    rows = [[_cell(cell, links) for cell in row] for row in table.rows if any(cell.whole for cell in row)]
    if not rows:
        return
    width = max(map(len, rows))
    titled = all("**" in cell or not cell for cell in rows[0]) and len(rows) > 1
    head = rows.pop(0) if titled else [""] * width
    top = f"{_row(head, width)}\n{_row(['---'] * width, width)}\n"
    for number, row in enumerate(rows):
        yield Piece(_row(row, width), "\n" if number else _BLANK_LINE, top)


def _row(cells: list[str], width: int) -> str:
    return "| " + " | ".join(cells + [""] * (width - len(cells))) + " |"


def _cell(cell: Cell, links: Links) -> str:
    """Return a cell as one line: paragraphs and list items separated by `<br>`, code and inner tables inline."""
    parts: list[str] = []
    for held in cell.held():
        match held:
            case Code():
                parts.append(f"`{' '.join(held.text.replace('`', '').split())}`")
            case MarkupTable():
                parts += ["- " + " — ".join(filter(None, (_cell(c, links) for c in row))) for row in held.rows]
            case str():
                parts += _lines(inline(held, links))
    return _BARS.sub(r"\\|", "<br>".join(part for part in parts if part.strip()))


def _lines(text: str) -> list[str]:
    """Return the paragraphs and list items of a text, each as one line."""
    lines: list[str] = []
    apart = True
    for line in text.splitlines():
        bare = line.strip()
        if not bare:
            apart = True
        elif apart or _STARTS_ITEM.match(line):
            lines.append(bare)
            apart = False
        else:
            lines[-1] += " " + bare
    return lines


def _note(note: Note, links: Links, depth: int) -> Piece:
    try:
        blocks = parse(note.text) if depth < _MAX_NOTE_DEPTH else [Text(note.text, ())]
        text = join(pieces_of(blocks, links, depth + 1))
    except BrokenPageError:
        text = inline(note.text, links)
    title = inline(note.title, links).strip() or note.kind.capitalize()
    return Piece("\n".join(f"> {line}".rstrip() for line in (f"**{title}**", "", *text.splitlines())))
