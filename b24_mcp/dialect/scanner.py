"""Scanners for the parts of a page that a pattern cannot find in linear time: text between two marks, and code.

A pattern such as `<!--.*?-->` searches from each opening mark to the end of the text when there is no closing mark.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_RUN = re.compile(r"`++|\n")
_FENCE = re.compile(r"```")
_ONLY_FENCE = re.compile(r"^[ \t]*+```[ \t]*+$", re.M)


def between(text: str, opening: re.Pattern[str], closing: re.Pattern[str], change: Callable[[str], str]) -> str:
    """Return the text with each part from an opening to the next closing, both included, changed."""
    pieces: list[str] = []
    done = 0
    found = opening.search(text)
    while found is not None and (end := closing.search(text, found.end())) is not None:
        pieces += (text[done : found.start()], change(text[found.start() : end.end()]))
        done = end.end()
        found = opening.search(text, done)
    return "".join((*pieces, text[done:])) if pieces else text


def code_spans(text: str, change: Callable[[str], str]) -> str:
    """Return the text with each code span changed: from a run of backticks to the next of its length on the line."""
    if "`" not in text:
        return text
    runs = list(_RUN.finditer(text))
    closing: dict[int, int] = {}
    """The next run of the same length on the line, by the place of a run in `runs`."""
    seen: dict[int, int] = {}
    for place in range(len(runs) - 1, -1, -1):
        if runs[place][0] == "\n":
            seen.clear()
            continue
        size = len(runs[place][0])
        if size in seen:
            closing[place] = seen[size]
        seen[size] = place
    pieces: list[str] = []
    done = place = 0
    while place < len(runs):
        if (end := closing.get(place)) is None:
            place += 1
            continue
        start, stop = runs[place].start(), runs[end].end()
        pieces += (text[done:start], change(text[start:stop]))
        done, place = stop, end + 1
    return "".join((*pieces, text[done:])) if pieces else text


def fenced_code(text: str, change: Callable[[str], str]) -> str:
    """Return the text with each fenced block of code changed.

    The next line that is only a fence closes a fence at the start of a line. Without such a line, and for other fences,
    the next three backticks on a later line close it.
    """
    closings = [found.span() for found in _ONLY_FENCE.finditer(text)]
    pieces: list[str] = []
    done = following = 0
    line_end = -1
    fence = _FENCE.search(text)
    while fence is not None:
        place, first = fence.start(), fence.start() > line_end
        if first:
            line_start = max(text.rfind("\n", done, place) + 1, done)
            line_end = _or_end(text.find("\n", place), text)
        while following < len(closings) and closings[following][0] <= place:
            following += 1
        if first and following < len(closings) and _begins_line(text, line_start, place):
            place, stop = line_start, closings[following][1]
        elif line_end < len(text) and _or_end(text.find("`", fence.end()), text) > line_end:
            if (end := text.find("```", line_end)) < 0:
                break  # nothing closes this fence, nor any later one
            stop = end + 3
        else:
            fence = _FENCE.search(text, fence.end())
            continue
        pieces += (text[done:place], change(text[place:stop]))
        done = stop
        line_end = -1
        fence = _FENCE.search(text, done)
    return "".join((*pieces, text[done:])) if pieces else text


def _or_end(place: int, text: str) -> int:
    return len(text) if place < 0 else place


def _begins_line(text: str, start: int, place: int) -> bool:
    return (start == 0 or text[start - 1] == "\n") and not text[start:place].strip(" \t")
