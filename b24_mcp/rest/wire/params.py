"""Parameters of a call: what may be sent, and their form in the query string of a batch command.

A single call carries JSON. A command of a batch is the text `method?query`, which PHP reads. Sources: documentation,
settings/how-to-call-rest-api/data-encoding and batch; behaviour of PHP's parse_str.
"""

from __future__ import annotations

import math
import re
from typing import Any
from urllib.parse import quote

from b24_mcp.errors import B24Error, our_error

Params = dict[str, Any] | list[Any]
"""Named parameters; for methods with positional arguments, a list of them in order."""

# The portal reads these as credentials, or as a signature to verify, never as data.
_RESERVED = {
    "auth": "the credential is added by b24-mcp",
    "access_token": "the credential is added by b24-mcp",
    "aplogin": "the credential is added by b24-mcp",
    "ap": "the credential is added by b24-mcp",
    "sessid": "the credential is added by b24-mcp",
    "token": "the portal reads it as the signature of a download link and refuses the call",
    "state": "the portal silently removes it",
}
# PHP silently drops values nested deeper than 64 levels, and by default everything after 1,000 values.
_DEEPEST = 60
_MOST_VALUES = 1_000
_LARGEST_INTEGER = 2**63 - 1
# PHP rewrites or cuts top-level names with these characters, and cuts a nested name at its closing bracket.
_PLAIN_TOP_NAME = re.compile(r"[^\x00\[\]. ][^\x00\[\]. ]*")
# To PHP, one white-space character in brackets is the same as nothing: append to a list.
_READ_AS_APPEND = set(" \t\n\r\v\f")


class NotExpressibleError(ValueError):
    """A query string cannot express this value; JSON can."""


def check_params(params: Params, method: str) -> None:
    """Refuse parameters that the portal would silently lose or misread.

    Raises:
        B24Error: `B24MCP_PARAMS`; nothing was sent.
    """
    if isinstance(params, list):
        _check_positional(params, method)
    elif not _RESERVED.keys().isdisjoint(params):
        name = next(name for name in params if name in _RESERVED)
        raise _refusal(f"params may not hold {name!r}: {_RESERVED[name]}.", method)
    pending: list[tuple[Params, int]] = [(params, 1)]
    while pending:
        container, depth = pending.pop()
        if container and depth == _DEEPEST:
            raise _refusal(f"params are nested deeper than {_DEEPEST} levels.", method)
        if isinstance(container, dict):
            texts, values = list(container), list(container.values())
        else:
            texts, values = [], container
        for value in values:
            if isinstance(value, str):
                texts.append(value)
            elif isinstance(value, dict | list):
                pending.append((value, depth + 1))
            elif isinstance(value, int):
                if abs(value) > _LARGEST_INTEGER:
                    raise _refusal(
                        "params hold a whole number of more than 64 bits, which the portal would round.", method
                    )
            elif isinstance(value, float) and not math.isfinite(value):
                raise _refusal("params hold a number that JSON cannot express (NaN or infinity).", method)
        for text in texts:
            if not text.isascii() and not _is_unicode(text):
                raise _refusal("params hold a text that is not valid Unicode (half of a surrogate pair).", method)


def query_string(params: Params) -> str:
    """Return parameters as PHP reads them: `fields[PHONE][0][VALUE]=1&select[0]=…`, with explicit indexes.

    Numbers become the text that PHP makes of them.

    Raises:
        NotExpressibleError: null, a boolean, an empty list or map, a number that PHP writes differently, a name that
            PHP would alter, or too many or too deep values. They would vanish or change (false would become `0`, which
            is another filter), so such a call has to be sent as JSON.
    """
    pairs: list[str] = []
    pending: list[tuple[str, object, int]] = [("", params, _DEEPEST + 1)]
    while pending:
        prefix, value, levels_left = pending.pop()
        if isinstance(value, dict | list):
            if prefix and not (value and levels_left):
                raise NotExpressibleError(prefix)
            nested: list[tuple[str, object, int]] = []
            for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
                name = str(key)
                if not prefix:
                    if not _PLAIN_TOP_NAME.fullmatch(name):
                        raise NotExpressibleError(name)
                    nested.append((quote(name, safe=""), inner, levels_left - 1))
                elif not name or name in _READ_AS_APPEND or "]" in name or "\0" in name:
                    raise NotExpressibleError(name)
                else:
                    nested.append((f"{prefix}[{quote(name, safe='')}]", inner, levels_left - 1))
            pending += reversed(nested)
        elif value is None or isinstance(value, bool):
            raise NotExpressibleError(prefix)
        else:
            text = _number(value) if isinstance(value, float) else str(value)
            pairs.append(f"{prefix}={quote(text, safe='')}")
    if len(pairs) > _MOST_VALUES:
        raise NotExpressibleError(f"{len(pairs)} values")
    return "&".join(pairs)


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


def _check_positional(values: list[object], method: str) -> None:
    """Refuse a text that holds the name of the method: the portal takes it for that name and drops it."""
    for value in values:
        if isinstance(value, str) and method.lower() in value.lower():
            raise _refusal(
                f"The portal drops a text that holds the name of the method, {method}, from the arguments.", method
            )


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refusal(message: str, method: str) -> B24Error:
    return our_error("B24MCP_PARAMS", message, method=method)
