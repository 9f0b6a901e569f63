"""Spellings of words: without endings, in the other alphabet, and how similar two words are."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from functools import lru_cache

from b24_mcp.words import stem, transliterated

_WORD = re.compile(r"[^\W_]+")
_CYRILLIC = re.compile("[а-я]")
_VOWELS = "аеиоуыэюяйьъ"
_LATIN = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh shch _ y _ e yu ya".replace("_", "").split(" "),
        strict=True,
    )
)
"""The usual Latin spelling of each letter."""
_OTHER_LATIN = (
    {"х": "h", "ц": "c", "ю": "iu", "я": "ia", "й": "i", "ж": "j", "щ": "sch"},
    {"х": "h", "ц": "z", "ю": "u", "я": "a", "й": "i", "ш": "sch"},
    {"в": "w", "к": "c", "ф": "ph", "ж": "g"},
)
"""Letters that are also written otherwise, in three common ways."""
_SOUNDS = (
    ("shch", "s"), ("sch", "s"), ("sh", "s"), ("tch", "4"), ("ch", "4"), ("kh", "h"), ("zh", "g"), ("tz", "5"),
    ("ts", "5"), ("ph", "f"), ("th", "t"), ("ck", "k"), ("q", "k"), ("w", "v"), ("x", "ks"), ("yu", "u"), ("iu", "u"),
    ("ju", "u"), ("ya", "a"), ("ia", "a"), ("ja", "a"), ("yo", "o"), ("jo", "o"), ("ye", "e"), ("je", "e"),
    ("ce", "se"), ("ci", "si"), ("cy", "si"), ("c", "k"), ("j", "i"), ("y", "i"),
)  # fmt: skip
_REPEATED = re.compile(r"(.)\1+")
_SHORTEST_STEM = 2
_LEAST_SIMILAR = 0.72
_MOST_SPELLINGS = 5


def tokens(text: str) -> list[str]:
    """Return the words and numbers of a text in lower case, with `е` for `ё`."""
    return _WORD.findall(text.lower().replace("ё", "е"))


@lru_cache(maxsize=20_000)
def without_ending(word: str) -> str:
    """Return a word without the ending that its grammatical case changes; at least two letters."""
    found = stem(word)
    if len(found) < len(word) or not _CYRILLIC.search(word):
        return found if _CYRILLIC.search(word) and len(found) >= _SHORTEST_STEM else word
    return word[:-1] if len(word) > _SHORTEST_STEM and word[-1] in _VOWELS else word


@lru_cache(maxsize=4_096)
def spellings(word: str) -> tuple[str, ...]:
    """Return how a part of a word may be written: as it is, without its ending, and in the other alphabet."""
    own = without_ending(word)
    if _CYRILLIC.search(word):
        return tuple(dict.fromkeys([own, *latin_spellings(own)]))[:_MOST_SPELLINGS]
    if word.isascii() and word.isalpha():
        cyrillic = [one.rstrip(_VOWELS) or one for one in transliterated(word)]
        return tuple(dict.fromkeys([own, *[one for one in cyrillic if len(one) >= _SHORTEST_STEM]]))[:_MOST_SPELLINGS]
    return (own,)


def latin_spellings(word: str) -> list[str]:
    """Return a word of Cyrillic letters in Latin ones, the usual spelling first."""
    ways = [_LATIN, *[_LATIN | other for other in _OTHER_LATIN]]
    written = ["".join(way.get(letter, letter) for letter in word) for way in ways]
    return list(dict.fromkeys([written[0].replace("ks", "x"), *written]))


@lru_cache(maxsize=20_000)
def sound(word: str) -> str:
    """Return a key that words with about the same sound share, in whichever alphabet they are written."""
    plain = "".join(_LATIN.get(letter, letter) for letter in word)
    plain = "".join(one for one in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(one))
    for written, key in _SOUNDS:
        plain = plain.replace(written, key)
    return _REPEATED.sub(r"\1", plain)


@lru_cache(maxsize=50_000)
def similarity(asked: str, found: str) -> float:
    """Return how similar a word of a record is to a word that was asked for, from 0 to 1."""
    if asked == found:
        return 1.0
    if asked.isdecimal() or found.isdecimal():
        return 0.5 if len(asked) > 2 and asked in found else 0.0
    own, other = without_ending(asked), without_ending(found)
    if own == other:
        return 0.99
    heard, held = sound(own), sound(other)
    if heard == held or sound(asked) == sound(found):
        return 0.97
    if len(heard) > 2 and held.startswith(heard):
        return 0.75 + 0.2 * len(heard) / len(held)
    if len(heard) > 3 and heard in held:
        return 0.6
    ratio = max(SequenceMatcher(None, heard, held).ratio(), SequenceMatcher(None, sound(asked), sound(found)).ratio())
    return 0.88 * ratio if ratio >= _LEAST_SIMILAR else 0.0


def with_an_error(word: str) -> list[str]:
    """Return patterns for `like` that a word with one typing error in it still fits.

    A word is cut in three, and one error is in one of the parts, so that the other two are right.
    """
    if len(word) < 4:
        return [f"%{word}%"]
    third = max(len(word) // 3, 1)
    first, second, last = word[:third], word[third:-third], word[-third:]
    return [f"%{first}%{second}%", f"%{first}%{last}%", f"%{second}%{last}%"]


def beginning(word: str) -> str:
    """Return the first letters of a word, which are right when the typing error is behind them."""
    return word[: max(3, len(word) // 2)]
