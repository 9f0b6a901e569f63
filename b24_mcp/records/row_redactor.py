"""Redaction of rows: no credential of the portal is written to disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from b24_mcp.secrets import Redactor

# Every secret that is redacted by itself is longer.
_TOO_SHORT = 6


class RowRedactor:
    """Redacts the rows of one list with `redactor`.

    Nearly all pages hold no secret, so finding none must be cheap: all texts of a page are checked as one text, each
    different text once, and the name of a field once for all pages.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._harmless: set[str] = set()

    def redact(self, rows: Sequence[object]) -> Sequence[object]:
        """Return the rows with every secret redacted; the same object if they contain no secret."""
        texts, names = _texts_and_names(rows)
        names -= self._harmless
        named = dict.fromkeys(names, "x")
        text = "\n".join(texts)
        if self._redactor.redact(text) == text and self._redactor.clean(named) == named:
            self._harmless |= names
            return rows
        return [self._redactor.clean(row) for row in rows]


def _texts_and_names(rows: Sequence[object]) -> tuple[set[str], set[str]]:
    """Return the texts in the rows, without those that are too short, and the names of their fields."""
    texts: set[str] = set()
    names: set[str] = set()
    values: set[object] = set()
    for row in rows:
        if isinstance(row, dict):
            try:  # most rows hold texts and numbers only
                values.update(row.values())
                names.update(row)
                continue
            except TypeError:  # a list or an object
                pass
        _collect(row, texts, names)
    texts.update([value for value in values if isinstance(value, str) and len(value) >= _TOO_SHORT])
    return texts, names


def _collect(value: object, texts: set[str], names: set[str]) -> None:
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
