"""References: `$result[name][field]` in the parameters of a command is a value of the answer to an earlier command.

The portal replaces, in values and at any depth, a `$` with one of five words and everything up to the next white space,
if a `[…]` is in it. There is no escape: a text that only looks like a reference is replaced too, and punctuation that
touches a reference becomes part of it. Source: documentation, settings/how-to-call-rest-api/batch; measured behaviour
for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from b24_mcp.catalog.names import nearest

# ASCII white space only, as PHP's \s without the u modifier.
_WORD = re.compile(r"[^ \t\n\r\f\v]++")
_ROOT = re.compile(r"\$(?:result|next|total|time|error)", re.IGNORECASE | re.ASCII)
_REFERENCE = re.compile(r"\$(?P<root>result|next|total|time|error)(?P<path>(?:\[[^\[\]]+\])+)")
_PART = re.compile(r"\[([^\[\]]+)\]")
_KEYS_SHOWN = 20

Path = tuple[str | int, ...]
"""The place of a value in parameters: names, and positions in lists."""


class NotAReferenceError(ValueError):
    """A text that the portal would replace although it is not a valid reference. The message says what is wrong."""


class NoValueError(LookupError):
    """A reference that leads to nothing. The message names the reference."""


@dataclass(frozen=True, slots=True)
class Reference:
    """`$root[command][path]…`, where `root` is result, next, total, time or error.

    With `each` it is the list of the values that the last part of the path has in every row, which only REST 3.0 can
    express (`$refArray`).
    """

    root: str
    command: str
    path: tuple[str, ...]
    each: bool = False

    def __str__(self) -> str:
        return f"${self.root}[{self.command}]" + "".join(f"[{part}]" for part in self.path)

    def with_label(self, label: str) -> str:
        """Return the text of the reference with the label that its command has in the request."""
        return str(Reference(self.root, label, self.path))

    def value_in(self, answered: object) -> object:
        """Return the value at the end of the path in `answered`, the value of this reference's root and command.

        Raises:
            NoValueError: the path ends early.
        """
        value = answered
        for part in self.path[:-1] if self.each else self.path:
            value = self._inside(value, part)
        if not self.each:
            return value
        if not isinstance(value, list) or not value:
            raise NoValueError(f"{self} leads to no rows")
        return [self._inside(row, self.path[-1]) for row in value]

    def _inside(self, value: object, part: str) -> object:
        if isinstance(value, Mapping) and part in value:
            return value[part]
        if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            return value[int(part)]
        raise NoValueError(f"{self} leads to nothing: there is no [{part}]{_description(value, part)}")


Replacement = Callable[[Reference, Path], object]
"""Return the value for a reference, at its place in the parameters."""
Insertion = Callable[[Reference], object]
"""Return the value for a reference inside a longer text."""
NativeReference = Callable[[Mapping[str, object]], Reference | None]
"""Return the reference that an object stands for, if it is one."""


def replaced_by_portal(value: object) -> list[str]:
    """Return all pieces of text in a value, at any depth and in order, that the portal would replace in a batch."""
    found: list[str] = []
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, str):
            if "$" in current:
                found += [current[start:end] for start, end in _spans(current)]
        elif isinstance(current, dict):
            pending += reversed(current.values())
        elif isinstance(current, list):
            pending += reversed(current)
    return found


def references_in(value: object) -> list[Reference]:
    """Return the references in a value, at any depth and in order.

    Raises:
        NotAReferenceError: a text that the portal would replace is not a valid reference.
    """
    return [_parse(token) for token in tokens] if (tokens := replaced_by_portal(value)) else []


def replace_references(
    value: object, replacement: Replacement, insertion: Insertion, native: NativeReference | None = None
) -> object:
    """Return a copy of a value with its references replaced as the portal replaces them.

    A text that is exactly one reference becomes the value of `replacement`, with its type. Inside a longer text the
    value of `insertion` is inserted, which has to be a text or a number. An object that `native` recognises is a
    reference too.

    Raises:
        NotAReferenceError: as `references_in`.
        NoValueError: a list, map, null or boolean would be inserted into a text; also raised by the callables.
    """

    def replaced(current: object, path: Path) -> object:
        if isinstance(current, str):
            return _replaced_text(current, replacement, insertion, path) if "$" in current else current
        if isinstance(current, dict):
            if native is not None and (reference := native(current)) is not None:
                return replacement(reference, path)
            return {name: replaced(inner, (*path, name)) for name, inner in current.items()}
        if isinstance(current, list):
            return [replaced(inner, (*path, index)) for index, inner in enumerate(current)]
        return current

    return replaced(value, ())


def _replaced_text(text: str, replacement: Replacement, insertion: Insertion, path: Path) -> object:
    spans = list(_spans(text))
    if spans == [(0, len(text))]:
        return replacement(_parse(text), path)
    pieces: list[str] = []
    done = 0
    for start, end in spans:
        reference = _parse(text[start:end])
        value = insertion(reference)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise NoValueError(f"{reference} is not a text or a number, so it cannot stand inside a text")
        pieces += (text[done:start], str(value))
        done = end
    return "".join((*pieces, text[done:]))


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Return the places of what the portal replaces: from `$root` to the next white space, with `[` and then `]` in it.

    A word has at most one. What follows the first `$root` belongs to it, and if the first one lacks its brackets, every
    later one lacks them too. A single pattern would search the rest of a word from each `$root` in it.
    """
    for word in _WORD.finditer(text):
        root = _ROOT.search(word[0])
        if root is not None and -1 < word[0].find("[", root.end()) < word[0].rfind("]"):
            yield word.start() + root.start(), word.end()


def _parse(token: str) -> Reference:
    match = _REFERENCE.fullmatch(token)
    if match is None:
        shown = token if len(token) <= 60 else token[:60] + "…"
        raise NotAReferenceError(
            f"the portal would replace {shown!r}, which is not a reference of the form $result[name][field]"
        )
    command, *path = [part.strip("'\"") for part in _PART.findall(match["path"])]
    return Reference(match["root"], command, tuple(path))


def _description(value: object, part: str) -> str:
    """Describe a value that a path cannot enter, so that the reader can write the right path."""
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
