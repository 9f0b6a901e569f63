"""Reading JSON objects that strangers sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any


def read_object(content: bytes) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        ValueError: when it is not JSON, not an object, or has a name twice. The message says which.
    """
    try:
        found = json.loads(content.decode("utf-8"), object_pairs_hook=_without_repeated)
    except _RepeatedError:
        raise ValueError("a name is given twice") from None
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(found, dict):
        raise ValueError("it is not a JSON object")
    return found


class _RepeatedError(ValueError):
    pass


def _without_repeated(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RepeatedError
    return found
