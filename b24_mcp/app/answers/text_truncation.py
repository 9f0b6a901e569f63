"""Shorten the texts in a JSON value."""

from __future__ import annotations

from b24_mcp.app.answers.omissions import Omissions, Path
from b24_mcp.rest import to_json

_SHORTEST_LONG_TEXT = 500  # below this length rows are cut instead: the text would say too little
_SMALLEST_TEXT = 60
_FEW_TEXTS = 8


def shorten_long_texts(value: object, room: int, omissions: Omissions) -> object:
    """Shorten a few very long texts.

    This is done when it alone makes the value fit into `room`, or when one text would push out all rows.
    """
    texts = [(path, len(to_json(text))) for path, text in _texts(value, ()) if len(text) > _SHORTEST_LONG_TEXT]
    if not texts:
        return value
    others = len(to_json(value)) - sum(size for _, size in texts)
    cap = fair_share([size for _, size in texts], room - others)
    longer = sum(size > cap for _, size in texts)
    if cap < _SHORTEST_LONG_TEXT or longer > _FEW_TEXTS:
        cap = max(room // 4, _SHORTEST_LONG_TEXT)
    return _with_texts_up_to(value, cap, (), omissions)


def shorten_all_texts(value: object, room: int, omissions: Omissions) -> object:
    """Shorten all texts to the same length, as far as necessary for `room`."""
    sizes = [len(to_json(text)) for _, text in _texts(value, ()) if len(text) > _SMALLEST_TEXT]
    others = len(to_json(value)) - sum(sizes)
    cap = max(fair_share(sizes, room - others), _SMALLEST_TEXT)
    return _with_texts_up_to(value, cap, (), omissions)


def fair_share(sizes: list[int], room: int) -> int:
    """Return the largest size such that all of `sizes` fit into `room` when each larger one is cut down to it."""
    left = room
    for position, size in enumerate(sorted(sizes)):
        share = max(left, 0) // (len(sizes) - position)
        if size > share:
            return share
        left -= size
    return max(sizes, default=0)


def shortened(text: str, room: int) -> str:
    """Return the beginning of a text and an ellipsis, at most `room` characters as JSON (3 at the least)."""
    if len(to_json(text)) <= room:
        return text
    keep = max(room - 3, 0)
    while keep and len(to_json(text[:keep])) + 1 > room:
        keep = keep * 9 // 10  # JSON writes some characters as two or six
    return text[:keep] + "…"


def _texts(value: object, path: Path) -> list[tuple[Path, str]]:
    match value:
        case str():
            return [(path, value)]
        case dict():
            return [found for key, inner in value.items() for found in _texts(inner, (*path, key))]
        case list():
            return [found for index, inner in enumerate(value) for found in _texts(inner, (*path, index))]
        case _:
            return []


def _with_texts_up_to(value: object, cap: int, path: Path, omissions: Omissions) -> object:
    match value:
        case str():
            if len(to_json(value)) <= cap:
                return value
            shown = shortened(value, cap)
            _, of = omissions.texts.get(path, (0, len(value)))
            omissions.texts[path] = (len(shown) - 1, of)
            return shown
        case dict():
            return {key: _with_texts_up_to(inner, cap, (*path, key), omissions) for key, inner in value.items()}
        case list():
            return [_with_texts_up_to(inner, cap, (*path, index), omissions) for index, inner in enumerate(value)]
        case _:
            return value
