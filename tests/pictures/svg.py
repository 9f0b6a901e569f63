"""The picture of a terminal as SVG. It is text: small, searchable, and without a font or script from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tests.pictures.terminal import COLUMNS, Line

_WIDTH, _HEIGHT, _MARGIN, _BAR = 8.4, 18, 16, 30
_COLOURS = {31: "#f47067", 32: "#57ab5a", 33: "#c69026", 34: "#539bf5", 35: "#b083f0", 36: "#39c5cf"}
_FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_NAMESPACE = "{http://www.w3.org/2000/svg}"


def picture(title: str, lines: Sequence[Line]) -> str:
    """Return the SVG of a terminal with these lines. `title` says what it shows, for people who cannot see it."""
    width = round(COLUMNS * _WIDTH + 2 * _MARGIN)
    height = _BAR + len(lines) * _HEIGHT + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#22272e"/>',
        *(
            f'<circle cx="{18 + 18 * n}" cy="16" r="5" fill="{colour}"/>'
            for n, colour in enumerate(("#f47067", "#c69026", "#57ab5a"))
        ),
        f'<g font-family="{_FONT}" font-size="14" fill="#cdd9e5">',
        *(_row(number, line) for number, line in enumerate(lines)),
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def texts_in(svg: str) -> list[str]:
    """Return the lines of text that a picture shows."""
    root = ElementTree.fromstring(svg)
    return ["".join(row.itertext()).rstrip() for row in root.iter(f"{_NAMESPACE}text")]


def _row(number: int, line: Line) -> str:
    y = _BAR + (number + 1) * _HEIGHT - 4
    spans, column = [], 0
    for span in line:
        colour = f' fill="{_COLOURS[span.colour]}"' if span.colour in _COLOURS else ""
        weight = ' font-weight="bold"' if span.is_bold else ""
        x = _MARGIN + column * _WIDTH
        length = f' textLength="{len(span.text) * _WIDTH:.1f}"' if len(span.text) > 1 else ""
        spans.append(f'<tspan x="{x:.1f}"{length}{colour}{weight}>{escape(span.text)}</tspan>')
        column += len(span.text)
    return f'<text y="{y}" xml:space="preserve">{"".join(spans)}</text>'
