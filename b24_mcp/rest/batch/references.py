"""`$result[name][field]`: a value of an earlier command inside the parameters of a later one.

The portal replaces, in values and at any depth, a `$` with one of five words and everything up to the next white
space, as long as a `[…]` is in it. It has no escape: a text that merely looks like a reference is replaced too, and
punctuation that touches one becomes part of it. Source: documentation,
settings/how-to-call-rest-api/batch; measured behaviour for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from b24_mcp.catalog.names import nearest

# ASCII white space only, as PHP's \s without the u modifier.
_WORD = re.compile(r"[^ \t\n\r\f\v]++")
_ROOT = re.compile(r"\$(?:result|next|total|time|error)", re.IGNORECASE | re.ASCII)
_REFERENCE = re.compile(r"\$(?P<root>result|next|total|time|error)(?P<path>(?:\[[^\[\]]+\])+)")
_PART = re.compile(r"\[([^\[\]]+)\]")
_KEYS_SHOWN = 20

Path = tuple[str | int, ...]
"""Where a value stands in parameters: names, and positions in lists."""


class NotAReferenceError(ValueError):
    """A text the portal would replace although it refers to nothing; the message says what is wrong with it."""


class NoValueError(LookupError):
    """A reference leads to nothing; the message names the reference."""


@dataclass(frozen=True, slots=True)
class Reference:
    """`$root[command][path…]`; `root` is one of result, next, total, time, error. With `each` it stands for the list of
    what the last part of the path is in every row, as only REST 3.0 can say (`$refArray`).
    """

    root: str
    command: str
    path: tuple[str, ...]
    each: bool = False

    def __str__(self) -> str:
        return f"${self.root}[{self.command}]" + "".join(f"[{part}]" for part in self.path)

    def on_the_wire(self, label: str) -> str:
        """Write the reference with the label its command has in the request."""
        return str(Reference(self.root, label, self.path))

    def value_in(self, answered: Mapping[str, Any]) -> Any:
        """Follow the path in what `root` holds for the command.

        `answered` is the value under this reference's root and command.

        Raises:
            NoValueError: where the path ends early.
        """
        value: Any = answered
        for part in self.path[:-1] if self.each else self.path:
            value = self._inside(value, part)
        if not self.each:
            return value
        if not isinstance(value, list) or not value:
            raise NoValueError(f"{self} leads to no rows")
        return [self._inside(row, self.path[-1]) for row in value]

    def _inside(self, value: Any, part: str) -> Any:
        if isinstance(value, Mapping) and part in value:
            return value[part]
        if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            return value[int(part)]
        raise NoValueError(f"{self} leads to nothing: there is no [{part}]{_what_is_there(value, part)}")


def replaced_by_portal(value: Any) -> list[str]:
    """Return all pieces of text in a value, at any depth and in order, that the portal would replace in a batch."""
    return [text[start:end] for text in _texts(value) for start, end in _tokens(text)]


def references_in(value: Any) -> Iterator[Reference]:
    """Find the references in a value at any depth.

    Raises:
        NotAReferenceError: for a text the portal would treat as one but that is not one.
    """
    for text in _texts(value):
        for start, end in _tokens(text):
            yield _read(text[start:end])


def replace_references(
    value: Any,
    replacement: Callable[[Reference, Path], Any],
    inside_text: Callable[[Reference], Any],
    path: Path = (),
) -> Any:
    """Return the value with each reference replaced, as the portal does it.

    A text that is nothing but one reference becomes the replacement with its own type; `replacement` is called with the
    place of the text, which begins with `path`. Inside a longer text only text and numbers can be inserted, and
    `inside_text` returns them.

    Raises:
        NotAReferenceError: as `references_in`.
        NoValueError: for a list, map, null or boolean in the middle of a text, or from `replacement`.
    """
    if isinstance(value, dict):
        return {
            name: replace_references(inner, replacement, inside_text, (*path, name)) for name, inner in value.items()
        }
    if isinstance(value, list):
        return [
            replace_references(inner, replacement, inside_text, (*path, index)) for index, inner in enumerate(value)
        ]
    if not isinstance(value, str) or "$" not in value:
        return value
    places = list(_tokens(value))
    if places == [(0, len(value))]:
        return replacement(_read(value), path)
    pieces: list[str] = []
    done = 0
    for start, end in places:
        reference = _read(value[start:end])
        found = inside_text(reference)
        if isinstance(found, bool) or not isinstance(found, str | int | float):
            raise NoValueError(f"{reference} is not a text or a number, so it cannot stand inside a text")
        pieces += (value[done:start], str(found))
        done = end
    return "".join((*pieces, value[done:]))


def _tokens(text: str) -> Iterator[tuple[int, int]]:
    """Return the places of what the portal replaces: from `$root` to the next white space, with `[` and then `]` in it.

    There is at most one in a word: what follows the first `$root` belongs to it, and where that one lacks its brackets
    any later one lacks them too. A single pattern would look through the rest of a word from each `$root` in it.
    """
    for word in _WORD.finditer(text):
        root = _ROOT.search(word[0])
        if root is not None and -1 < word[0].find("[", root.end()) < word[0].rfind("]"):
            yield word.start() + root.start(), word.end()


def _what_is_there(value: Any, part: str) -> str:
    """Describe the value that a path cannot enter any further, so that the right path can be written."""
    if isinstance(value, Mapping):
        keys = [str(key) for key in value]
        if not keys:
            return ": the answer is empty here"
        folded = [key for key in keys if key.lower() == part.lower()]
        meant = folded[0] if len(folded) == 1 else nearest(part, keys)
        more = "" if len(keys) <= _KEYS_SHOWN else f" and {len(keys) - _KEYS_SHOWN} more"
        perhaps = f"; [{meant}] is probably meant" if meant is not None else ""
        return f". Its keys are {', '.join(keys[:_KEYS_SHOWN])}{more}{perhaps}"
    if isinstance(value, list):
        return f" in a list of {len(value)}, whose first entry is [0]" if value else ": the list is empty"
    return ": the answer ends before it"


def _read(token: str) -> Reference:
    match = _REFERENCE.fullmatch(token)
    if match is None:
        raise NotAReferenceError(
            f"the portal would replace {_shortened(token)!r}, which is not a reference of the form $result[name][field]"
        )
    command, *path = (part.strip("'\"") for part in _PART.findall(match["path"]))
    return Reference(match["root"], command, tuple(path))


def _shortened(token: str) -> str:
    return token if len(token) <= 60 else token[:60] + "…"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if "$" in value:
            yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
