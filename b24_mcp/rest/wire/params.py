"""Parameters of a call, and their form in the query string of a batch command.

A single call carries JSON. A command of a batch is the text `method?query`, which PHP reads. Sources: documentation,
settings/how-to-call-rest-api/data-encoding and batch; behaviour of PHP's parse_str.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import quote

Params = dict[str, Any] | list[Any]
"""Named parameters; for methods with positional arguments, a list of them in order."""

# PHP silently drops values nested deeper than 64 levels, and by default everything after 1,000 values.
DEEPEST = 60
_MOST_VALUES = 1_000
# PHP rewrites or cuts top-level names with these characters, and cuts a nested name at its closing bracket.
_PLAIN_TOP_NAME = re.compile(r"[^\x00\[\]. ][^\x00\[\]. ]*")
# To PHP, one white-space character in brackets is the same as nothing: append to a list.
_READ_AS_APPEND = set(" \t\n\r\v\f")


class NotExpressibleError(ValueError):
    """A query string cannot express this value; JSON can."""


def query_string(params: Params) -> str:
    """Return parameters as PHP reads them: `fields[PHONE][0][VALUE]=1&select[0]=…`, with explicit indexes.

    Numbers become the text that PHP makes of them.

    Raises:
        NotExpressibleError: null, a boolean, an empty list or map, a number that PHP writes differently, a name that
            PHP would alter, or too many or too deep values. They would vanish or change (false would become `0`, which
            is another filter), so such a call has to be sent as JSON.
    """
    pairs: list[str] = []
    for key, value in params.items() if isinstance(params, dict) else enumerate(params):
        _add_pairs(pairs, _top_name(str(key)), value, DEEPEST)
    if len(pairs) > _MOST_VALUES:
        raise NotExpressibleError(f"{len(pairs)} values")
    return "&".join(pairs)


def _add_pairs(pairs: list[str], name: str, value: object, levels_left: int) -> None:
    """Add the pairs of a value, whose name is written already."""
    if isinstance(value, str):
        plain = value.isalnum() and value.isascii()
        pairs.append(f"{name}={value if plain else quote(value, safe='')}")
    elif isinstance(value, dict | list):
        if not (value and levels_left):
            raise NotExpressibleError(name)
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            _add_pairs(pairs, f"{name}[{_nested_name(str(key))}]", inner, levels_left - 1)
    elif value is None or isinstance(value, bool):
        raise NotExpressibleError(name)
    elif isinstance(value, int):
        pairs.append(f"{name}={value}")
    else:
        text = _number(value) if isinstance(value, float) else str(value)
        pairs.append(f"{name}={quote(text, safe='')}")


# Calls use few different names.
@lru_cache(maxsize=2_048)
def _top_name(name: str) -> str:
    """Return a top-level name as it is written in a query string."""
    if not _PLAIN_TOP_NAME.fullmatch(name):
        raise NotExpressibleError(name)
    return quote(name, safe="")


@lru_cache(maxsize=2_048)
def _nested_name(name: str) -> str:
    """Return a name inside brackets as it is written in a query string."""
    if not name or name in _READ_AS_APPEND or "]" in name or "\0" in name:
        raise NotExpressibleError(name)
    return quote(name, safe="")


def written_as_query(params: Params) -> str | None:
    """Return the same as `query_string`, or None for parameters that a query string cannot express."""
    try:
        return query_string(params)
    except NotExpressibleError:
        return None


def fits_query_string(params: Params) -> bool:
    """Whether a query string carries these parameters unchanged, as JSON does."""
    return written_as_query(params) is not None


def _number(value: float) -> str:
    """Return a number as PHP writes it: without a fraction of zero, and in at most 14 digits."""
    text = str(value).removesuffix(".0")
    digits = text.lstrip("-").replace(".", "").lstrip("0")
    if "e" in text or "n" in text or text == "-0" or len(digits) > 14:
        raise NotExpressibleError(text)
    return text
