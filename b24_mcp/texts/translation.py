"""Whole sentences of the program in another language, for people. Texts for models stay English.

A sentence is made in English where it arises. Here it is found in the catalogue by its English form, and its values are
put into the other form. What the catalogue does not have stays English.
"""

from __future__ import annotations

import functools
import re

from b24_mcp.texts.catalogue import Language, catalogue
from b24_mcp.texts.person import language_of_user

_END = re.compile(r"(?<=[.!?]) ")
_MOST_COMMAS = 4
_VALUE = re.compile(r"\{(\w+)\}")


def translated(said: str, language: Language) -> str:
    """Return a text in a language. A value that is a sentence of the catalogue itself is translated too.

    A text of several sentences is translated sentence by sentence. What the catalogue does not have stays English.
    """
    if language == "en" or not said:
        return said
    whole = _translated(said, language)
    if whole is not None:
        return whole
    sentences = _END.split(said)
    if len(sentences) == 1:
        return _listed(said, language)
    return " ".join(_translated(one, language) or one for one in sentences)


def _listed(said: str, language: Language) -> str:
    """Return a list with commas whose entries are translated. An entry may hold commas itself."""
    parts = said.split(", ")
    found, at = [], 0
    while at < len(parts):
        for end in range(min(len(parts), at + _MOST_COMMAS), at, -1):
            entry = _translated(", ".join(parts[at:end]), language)
            if entry is not None:
                break
        else:
            entry, end = parts[at], at + 1
        found.append(entry)
        at = end
    return ", ".join(found)


def _translated(said: str, language: Language) -> str | None:
    for english, other in _sentences(language):
        values = _values(said, english)
        if values is not None:
            return other.format_map({name: translated(value, language) for name, value in values.items()})
    return None


def for_user(said: str) -> str:
    """Return a sentence in the language of the person at this computer."""
    return translated(said, language_of_user())


@functools.cache
def _sentences(language: Language) -> tuple[tuple[str, str], ...]:
    """Return the sentences that are translated, in English and in the language. Those with fewer values come first."""
    pairs = [(text["en"], text[language]) for text in catalogue()["sentences"].values()]
    return tuple(sorted(pairs, key=lambda pair: (len(_VALUE.findall(pair[0])), -len(pair[0]))))


def _values(said: str, english: str) -> dict[str, str] | None:
    """Return the values of a sentence; None when it is another one. The time is linear in the sentence."""
    first, *rest = _VALUE.split(english)
    if not said.startswith(first):
        return None
    values, position = {}, len(first)
    for number in range(0, len(rest), 2):
        name, after = rest[number], rest[number + 1]
        is_last = number + 2 == len(rest)
        end = len(said) - len(after) if is_last else said.find(after, position)
        if end < position or not said.startswith(after, end):
            return None
        values[name] = said[position:end]
        position = end + len(after)
    return values if position == len(said) else None
