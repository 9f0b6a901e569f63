"""The answer of a write that returns the whole written record: its id, and what differs from the request."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

_SMALLEST_ECHO = 12
_ZERO = (0, "0", "0.00", "N", False)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_REPEATED = 3
_IDS = ("id", "ufcrmid")


def without_echo(params: object, result: object) -> tuple[object, int]:
    """Return the result of a write without what repeats its request, and how many values were left out.

    Left out are values that were sent, are empty, zero or "N", moments that occur several times, and objects that
    describe another value, such as the person of an id. The id always stays, and what was sent and is stored
    differently. A result that does not repeat the request, or has only a few values, is returned unchanged.
    """
    key, record = None, result
    if isinstance(result, dict) and len(result) == 1:
        ((key, record),) = result.items()
    if not isinstance(record, dict) or len(record) < _SMALLEST_ECHO:
        return result, 0
    sent = _sent_values(params)
    repeated = {name for name, value in record.items() if _normal(name) in sent and _same(sent[_normal(name)], value)}
    if not repeated or not any(_normal(name) in _IDS for name in record):
        return result, 0
    moments = Counter(value for value in record.values() if isinstance(value, str) and _MOMENT.match(value))
    known = {str(value) for value in record.values() if isinstance(value, int | str)}
    kept = {
        name: value
        for name, value in record.items()
        if _normal(name) in _IDS
        or not (
            name in repeated
            or (_normal(name) not in sent and _says_nothing(value, known))
            or (isinstance(value, str) and moments[value] >= _REPEATED)
        )
    }
    shown: object = kept if key is None else {key: kept}
    return shown, len(record) - len(kept)


def _says_nothing(value: object, known: set[str]) -> bool:
    """Whether a value that was not sent is empty or zero, describes a value that is `known`, or is a set of flags."""
    match value:
        case None | "" | [] | {}:
            return True
        case bool() | int() | str() | float():
            return value in _ZERO
        case dict():
            ids = {str(inner) for name, inner in value.items() if _normal(name) == "id"}
            return bool(ids & known) or all(isinstance(inner, bool) for inner in value.values())
        case _:
            return False


def _sent_values(params: object) -> Mapping[str, object]:
    """Return the values of a request by their normal names, also those in `fields` and the like."""
    sent: dict[str, object] = {}
    for name, value in params.items() if isinstance(params, Mapping) else ():
        if isinstance(value, Mapping):
            sent |= {_normal(inner): part for inner, part in value.items()}
        else:
            sent.setdefault(_normal(name), value)
    return sent


def _normal(name: str) -> str:
    return name.replace("_", "").lower()


def _same(sent: object, stored: object) -> bool:
    """Whether a stored value is the one that was sent, as the portal writes it."""
    if isinstance(sent, bool) or isinstance(stored, bool):
        return _flag(sent) is not None and _flag(sent) == _flag(stored)
    one, other = _text(sent), _text(stored)
    if one == other:
        return True
    try:
        return float(one) == float(other)
    except ValueError:
        return False


def _flag(value: object) -> bool | None:
    table: dict[Any, bool] = {"Y": True, "N": False, "1": True, "0": False, "true": True, "false": False}
    return table.get(_text(value))


def _text(value: object) -> str:
    if isinstance(value, list):
        return json.dumps([_text(part) for part in value], ensure_ascii=False)
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
