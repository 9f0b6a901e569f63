"""Rows without secrets: nothing that opens a portal is written to disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from b24_mcp.rest import Redactor


def without_secrets(rows: Sequence[Any], redactor: Redactor) -> Sequence[Any]:
    """Give the rows with every secret masked; the same rows when there is none, which is cheap to tell."""
    texts: list[str] = []
    _collect(rows, texts)
    whole = "\n".join(texts)
    return rows if redactor.redact(whole) == whole else [_masked(row, redactor) for row in rows]


def _collect(value: Any, texts: list[str]) -> None:
    if isinstance(value, str):
        texts.append(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            texts.append(key)
            _collect(inner, texts)
    elif isinstance(value, list | tuple):
        for inner in value:
            _collect(inner, texts)


def _masked(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, str):
        return redactor.redact(value)
    if isinstance(value, Mapping):
        return {redactor.redact(key): _masked(inner, redactor) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner, redactor) for inner in value]
    return value
