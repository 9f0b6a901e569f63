"""Parameters of a call: what may be sent, and how they look in the query string of a batch command.

A single call carries JSON. A command of a batch is the text `method?query`, read by PHP on the other side, and this is
the one place that writes such a query. Sources: documentation, settings/how-to-call-rest-api/data-encoding and
batch; behaviour of PHP's parse_str.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from b24_mcp.errors import B24Error, our_error

Params = dict[str, Any] | list[Any]
"""Named parameters, or for the `task.*` methods that count arguments a list of them in order."""

# The portal reads these from a call as credentials, or as a signature to verify, never as data.
_RESERVED = {
    "auth": "the credential is added by b24-mcp",
    "access_token": "the credential is added by b24-mcp",
    "aplogin": "the credential is added by b24-mcp",
    "ap": "the credential is added by b24-mcp",
    "sessid": "the credential is added by b24-mcp",
    "token": "the portal takes it for the signature of a download link and refuses the call",
    "state": "the portal removes it without a word",
}
# PHP drops without a word what is nested deeper than 64 levels, and by default what comes after 1,000 values.
_DEEPEST = 60
_MOST_VALUES = 1_000
_LARGEST_INTEGER = 2**63 - 1
# PHP rewrites or cuts top-level names with these characters, and a nested name at its closing bracket.
_PLAIN_TOP_NAME = re.compile(r"[^\x00\[\]. ][^\x00\[\]. ]*")
# One white-space character in brackets means the same to PHP as nothing: append to a list.
_READ_AS_APPEND = set(" \t\n\r\v\f")


class NotExpressibleError(ValueError):
    """A query string cannot express this value; JSON can."""


def check_params(params: Params, method: str) -> None:
    """Refuse parameters that the portal would silently lose or take for something else.

    Raises:
        B24Error: `B24MCP_PARAMS`; nothing was sent.
    """
    if isinstance(params, dict):
        for name in params:
            if name in _RESERVED:
                raise _refuse(f"params may not hold {name!r}: {_RESERVED[name]}.", method)
    if isinstance(params, list):
        _check_positional(params, method)
    try:
        _check_value(params, _DEEPEST)
    except ValueError as exc:
        raise _refuse(str(exc), method) from None


def query_string(params: Params) -> str:
    """Write parameters the way PHP reads them: `fields[PHONE][0][VALUE]=1&select[]=…` with explicit indexes.

    Numbers become the text that PHP makes of them.

    Raises:
        NotExpressibleError: for null, a boolean, an empty list or map, a number that PHP writes differently, a name
            that PHP would alter, too many or too deep values. They would vanish or change on the way (as `0`, false
            is another filter), so such a call has to be sent as JSON.
    """
    pairs = [f"{name}={quote(value, safe='')}" for name, value in _pairs(params)]
    if len(pairs) > _MOST_VALUES:
        raise NotExpressibleError(f"{len(pairs)} values")
    return "&".join(pairs)


def written_as_query(params: Params) -> str | None:
    """Return the same, or None for what a query string cannot express."""
    try:
        return query_string(params)
    except NotExpressibleError:
        return None


def fits_query_string(params: Params) -> bool:
    """Whether a query string carries these parameters unchanged, as JSON does."""
    return written_as_query(params) is not None


def _pairs(params: Params) -> Iterator[tuple[str, str]]:
    for name, value in _items(params):
        if not _PLAIN_TOP_NAME.fullmatch(name):
            raise NotExpressibleError(name)
        yield from _flat(quote(name, safe=""), value, _DEEPEST)


def _flat(prefix: str, value: Any, levels_left: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict | list):
        if not value or levels_left == 0:
            raise NotExpressibleError(prefix)
        for name, inner in _items(value):
            if not name or name in _READ_AS_APPEND or "]" in name or "\0" in name:
                raise NotExpressibleError(name)
            yield from _flat(f"{prefix}[{quote(name, safe='')}]", inner, levels_left - 1)
    elif value is None or isinstance(value, bool):
        raise NotExpressibleError(prefix)
    elif isinstance(value, float):
        yield prefix, _number(value)
    else:
        yield prefix, str(value)


def _number(value: float) -> str:
    """Write a number with a fraction as PHP does: without a fraction of zero, and in at most 14 digits."""
    text = str(value).removesuffix(".0")
    digits = text.lstrip("-").replace(".", "").lstrip("0")
    if "e" in text or "n" in text or text == "-0" or len(digits) > 14:
        raise NotExpressibleError(text)
    return text


def _items(value: dict[str, Any] | list[Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        return iter(value.items())
    return ((str(index), inner) for index, inner in enumerate(value))


def _check_value(value: Any, levels_left: int) -> None:
    if levels_left == 0:
        raise ValueError(f"params are nested deeper than {_DEEPEST} levels.")
    match value:
        case dict():
            for name, inner in value.items():
                _check_text(name)
                _check_value(inner, levels_left - 1)
        case list():
            for inner in value:
                _check_value(inner, levels_left - 1)
        case str():
            _check_text(value)
        case int() if abs(value) > _LARGEST_INTEGER:
            raise ValueError("params hold a whole number of more than 64 bits, which the portal would round.")
        case float() if not math.isfinite(value):
            raise ValueError("params hold a number that JSON has no form for (NaN or infinity).")


def _check_positional(values: list[Any], method: str) -> None:
    """Positional methods take any text that holds their own name for their name, and drop it from the arguments."""
    for value in values:
        if isinstance(value, str) and method.lower() in value.lower():
            raise _refuse(
                f"The portal drops a text that holds the name of the method, {method}, from the arguments.", method
            )


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("params hold a text that is not valid Unicode (half of a surrogate pair).") from None


def _refuse(message: str, method: str) -> B24Error:
    return our_error("B24MCP_PARAMS", message, method=method)
