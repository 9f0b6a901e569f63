"""The JSON object in the body of an answer, whatever text is around it.

Portals write a byte order mark, or warnings of PHP or of a module, before the object, and a wrong Content-Type. The
object is still the answer. A web page that only quotes such an object is not an answer. Source: measured answers.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

_BOM = b"\xef\xbb\xbf"
# Each digit and plus sign as 0, to find long exponents with one plain search: every byte of every answer is looked at.
_SHAPES = bytes.maketrans(b"123456789+E", b"0000000000e")
_BEGIN = re.compile(r'\{\s*"(?:result|error|total|next|time|status|errors|data|answer|openapi)"\s*:')
_PAGE = re.compile(r"<(?:!doctype|html|head|body|script|style|title)\b", re.IGNORECASE)
_END_OF_PAGE = re.compile(r"</(?:html|script|style)\s*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,300}>")
_ENVELOPE = {"result", "error", "errors", "openapi"}
_MOST_PLACES = 4
_QUOTED = 100
_LOOKED_AT = 4_000


@dataclass(frozen=True, slots=True)
class FoundObject:
    """A parsed object, and the text around it (empty for a clean body)."""

    value: dict[str, Any]
    around: str = ""


def find_object(body: bytes) -> FoundObject | None:
    """Return the object of an answer, or None if the body holds none or more than one."""
    clean = body.strip().removeprefix(_BOM).strip(b"\0 \t\r\n")
    try:
        value = parsed(clean)
    except ValueError:
        pass
    else:
        return FoundObject(value) if isinstance(value, dict) else None
    text = clean.decode("utf-8", "replace").removeprefix("\ufeff")
    whole = _object_at(text, 0) if text.startswith("{") else None
    if whole is not None and not text[whole[1] :].strip():
        return FoundObject(whole[0])
    return _find_within(text)


def parsed(body: bytes) -> object:
    """Return the value of a body that is JSON and nothing else.

    Raises:
        ValueError: for anything else, for numbers that are not JSON, and for those that may be too large for a float. A
            text that only looks like one is refused too: such bodies take the slower way.
    """
    if b"e000" in body.translate(_SHAPES):
        raise ValueError("a number may be too large")
    return from_json(body, allow_inf_nan=False)


def excerpt(body: bytes) -> str:
    """Return the first words of a body for a message, without tags and invisible characters.

    Words are never cut, because a part of a secret would not be recognised and redacted.
    """
    text = body[:_LOOKED_AT].decode("utf-8", "replace").removeprefix("\ufeff")
    text = re.sub(r"(?is)<(script|style)\b.*?(?:</\1\s*>|\Z)", " ", text)
    text = re.sub(r"<[^<>]*\Z", " ", _TAG.sub(" ", text))
    text = "".join(sign if unicodedata.category(sign)[0] != "C" else " " for sign in text)
    words = text.split()
    kept: list[str] = []
    for word in words:
        if sum(map(len, kept)) + len(kept) + len(word) > _QUOTED:
            return " ".join([*kept, "…"])
        kept.append(word)
    if len(body) > _LOOKED_AT and kept:
        kept[-1] = "…"  # it may have been cut
    return " ".join(kept)


def _find_within(text: str) -> FoundObject | None:
    """Return the only envelope in a text, unless it is part of a web page."""
    page_ends = [end.end() for end in _END_OF_PAGE.finditer(text)]
    start = page_ends[-1] if page_ends else 0
    found: FoundObject | None = None
    for _ in range(_MOST_PLACES):
        begin = _BEGIN.search(text, start)
        if begin is None:
            break
        read = _object_at(text, begin.start())
        if read is None:
            start = begin.end()
            continue
        value, end = read
        before = text[(page_ends[-1] if page_ends else 0) : begin.start()]
        if _ENVELOPE.isdisjoint(value):
            start = end
            continue
        if found is not None or _PAGE.search(before):
            return None
        found = FoundObject(value, f"{text[: begin.start()]} {text[end : end + _LOOKED_AT]}".strip())
        start = end
    return found


def _object_at(text: str, start: int) -> tuple[dict[str, Any], int] | None:
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    return {str(_without_surrogates(key)): _without_surrogates(inner) for key, inner in value.items()}, end


def _finite(text: str) -> float | str:
    """Parse a number with a fraction or an exponent; it stays text if a float cannot hold it."""
    value = float(text)
    return value if math.isfinite(value) else text


def _whole(text: str) -> int | str:
    return int(text) if len(text) <= 4_000 else text


_DECODER = json.JSONDecoder(strict=False, parse_float=_finite, parse_int=_whole, parse_constant=str)


def _without_surrogates(value: object) -> object:
    """Return a value without halves of surrogate pairs, which UTF-8 cannot encode."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(inner) for inner in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(inner) for key, inner in value.items()}
    return value
