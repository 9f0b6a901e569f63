"""An interpreter of regular expressions that counts its steps.

It does what `re` does, with the tree that `re` itself makes of a pattern. It backtracks in the same order, and a
possessive repeat or an atomic group does not backtrack. It supports only what the patterns of the package use.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from re import _constants as sre  # type: ignore[attr-defined]  # the tree has no public name
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any

Then = Callable[[int], int | None]
Matcher = Callable[[int, Then], int | None]


class TooManyStepsError(Exception):
    """The allowed steps were used up."""


@dataclass
class Counter:
    """A pattern on one text; `steps` counts characters read and branches taken."""

    pattern: re.Pattern[Any]
    text: str
    most: int = 10_000_000
    steps: int = 0
    groups: dict[int, tuple[int, int]] = field(default_factory=dict)

    def run(self, *, search: bool) -> int:
        """Return the steps of `match`, or with `search` those of `sub`, to the end of the text."""
        text = self.pattern.pattern
        source = text.decode("latin-1") if isinstance(text, bytes) else text
        flags = self.pattern.flags & ~re.UNICODE if isinstance(text, bytes) else self.pattern.flags
        # A pattern of bytes is treated as one of text that knows ASCII only.
        tree = sre_parser.parse(source, flags | (re.ASCII if isinstance(text, bytes) else 0))
        matcher = self._sequence(tree, flags)
        place = 0
        while place <= len(self.text):
            self._step()
            self.groups = {}
            end = matcher(place, lambda position: position)
            if not search:
                break
            place = end if end is not None and end > place else place + 1
        return self.steps

    def _step(self) -> None:
        self.steps += 1
        if self.steps > self.most:
            raise TooManyStepsError

    def _sequence(self, tree: Sequence[Any], flags: int) -> Matcher:
        parts = [self._one(kind, value, flags) for kind, value in tree]

        def match(place: int, then: Then, index: int = 0) -> int | None:
            if index == len(parts):
                return then(place)
            return parts[index](place, lambda position: match(position, then, index + 1))

        return match

    def _one(self, kind: Any, value: Any, flags: int) -> Matcher:
        if kind in (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN):
            return self._character(_set_of(kind, value, flags))
        if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            return self._repeat(kind, value, flags)
        if kind is sre.SUBPATTERN:
            number, added, removed, inner = value
            return self._group(number, self._sequence(inner, (flags | added) & ~removed))
        if kind is sre.BRANCH:
            return self._branch([self._sequence(inner, flags) for inner in value[1]])
        if kind is sre.ATOMIC_GROUP:
            return self._atomic(self._sequence(value, flags))
        if kind in (sre.ASSERT, sre.ASSERT_NOT):
            return self._around(kind is sre.ASSERT, value[0], self._sequence(value[1], flags), value[1].getwidth()[0])
        if kind is sre.AT:
            return self._at(value, flags)
        if kind is sre.GROUPREF:
            return self._reference(value)
        raise NotImplementedError(str(kind))

    def _character(self, accepts: Callable[[str], bool]) -> Matcher:
        def match(place: int, then: Then) -> int | None:
            self._step()
            return then(place + 1) if place < len(self.text) and accepts(self.text[place]) else None

        return match

    def _repeat(self, kind: Any, value: Any, flags: int) -> Matcher:
        least, most, inner = value
        most = sys.maxsize if most is sre.MAXREPEAT else int(most)
        one = self._sequence(inner, flags)

        def greedy(place: int, then: Then, count: int = 0) -> int | None:
            self._step()
            if count < most:
                found = one(place, lambda end: greedy(end, then, count + 1) if end > place or count < least else None)
                if found is not None:
                    return found
            return then(place) if count >= least else None

        def lazy(place: int, then: Then, count: int = 0) -> int | None:
            self._step()
            if count >= least and (found := then(place)) is not None:
                return found
            if count < most:
                return one(place, lambda end: lazy(end, then, count + 1) if end > place or count < least else None)
            return None

        if kind is sre.MIN_REPEAT:
            return lazy
        return self._atomic(greedy) if kind is sre.POSSESSIVE_REPEAT else greedy

    def _group(self, number: int | None, inner: Matcher) -> Matcher:
        if number is None:
            return inner

        def match(place: int, then: Then) -> int | None:
            def closed(end: int) -> int | None:
                before = self.groups.get(number)
                self.groups[number] = (place, end)
                found = then(end)
                if found is None:
                    self.groups.pop(number)
                    if before is not None:
                        self.groups[number] = before
                return found

            return inner(place, closed)

        return match

    def _branch(self, choices: list[Matcher]) -> Matcher:
        def match(place: int, then: Then) -> int | None:
            for choice in choices:
                self._step()
                if (found := choice(place, then)) is not None:
                    return found
            return None

        return match

    def _atomic(self, inner: Matcher) -> Matcher:
        def match(place: int, then: Then) -> int | None:
            end = inner(place, lambda position: position)
            return None if end is None else then(end)

        return match

    def _around(self, wanted: bool, direction: int, inner: Matcher, width: int) -> Matcher:
        def match(place: int, then: Then) -> int | None:
            start = place if direction > 0 else place - width
            found = None if start < 0 else inner(start, lambda position: position)
            return then(place) if (found is not None) is wanted else None

        return match

    def _at(self, where: Any, flags: int) -> Matcher:
        text = self.text

        def holds(place: int) -> bool:
            if where is sre.AT_BEGINNING:
                return place == 0 or bool(flags & re.MULTILINE and text[place - 1] == "\n")
            if where is sre.AT_BEGINNING_STRING:
                return place == 0
            if where is sre.AT_END_STRING:
                return place == len(text)
            if where is sre.AT_END:
                return place == len(text) or (text[place] == "\n" if flags & re.MULTILINE else text[place:] == "\n")
            before = place > 0 and _is_word(text[place - 1])
            after = place < len(text) and _is_word(text[place])
            return (before != after) is (where is sre.AT_BOUNDARY)

        def match(place: int, then: Then) -> int | None:
            self._step()
            return then(place) if holds(place) else None

        return match

    def _reference(self, number: int) -> Matcher:
        def match(place: int, then: Then) -> int | None:
            if number not in self.groups:
                return None
            start, end = self.groups[number]
            self.steps += end - start
            self._step()
            same = self.text.startswith(self.text[start:end], place)
            return then(place + end - start) if same else None

        return match


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _set_of(kind: Any, value: Any, flags: int) -> Callable[[str], bool]:
    """The characters that one place of a pattern accepts, found with `re` itself."""
    known: dict[str, bool] = {}
    single = sre_parser.SubPattern(sre_parser.State(), [(kind, value)])
    single.state.str = ""
    single.state.flags = flags & (re.IGNORECASE | re.DOTALL | re.ASCII)
    from re import _compiler as sre_compiler  # type: ignore[attr-defined]

    compiled = sre_compiler.compile(single, single.state.flags)

    def accepts(character: str) -> bool:
        if character not in known:
            known[character] = compiled.match(character) is not None
        return known[character]

    return accepts
