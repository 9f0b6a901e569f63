"""Rows without secrets: nothing that opens a portal is written to disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from b24_mcp.secrets import Redactor

# Shorter than any secret that is masked by itself.
_TOO_SHORT = 6


class Cleaner:
    """Masks what `redactor` masks in the rows of one list. That a page holds no secret, as nearly all do, is told at
    little cost: its texts are looked at as one, each of them once, and names of fields once for all pages.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._harmless: set[str] = set()

    def clean(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Give the rows with every secret masked; the same rows when there is none."""
        texts: set[str] = set()
        names: set[str] = set()
        _collect(rows, texts, names)
        names -= self._harmless
        named = dict.fromkeys(names, "x")
        text = "\n".join(texts)
        if self._redactor.redact(text) == text and self._redactor.clean(named) == named:
            self._harmless |= names
            return rows
        return [self._redactor.clean(row) for row in rows]


def _collect(value: Any, texts: set[str], names: set[str]) -> None:
    if isinstance(value, str):
        if len(value) >= _TOO_SHORT:
            texts.add(value)
    elif isinstance(value, Mapping):
        names.update(value)
        for inner in value.values():
            _collect(inner, texts, names)
    elif isinstance(value, list):
        for inner in value:
            _collect(inner, texts, names)
