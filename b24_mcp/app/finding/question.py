"""What a person asks for: words of a name, phone numbers, e-mail addresses, a number, and the kind of record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from b24_mcp.app.finding.spelling import tokens
from b24_mcp.words import is_stop_word, stem

LONGEST = 300
"""The most characters of a question that are read."""
MOST_PHONES = 20
"""The most values that the duplicate search takes. Source: documentation, crm.duplicate.findbycomm."""

_MOST_WORDS = 6
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}+@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_LOCAL_PART = re.compile(r"(?<![\w.+-])[\w.+-]{2,64}+@")
_DOMAIN = re.compile(r"@[\w.-]{2,80}+")
_PHONE = re.compile(r"\+?\(?\d[\d\s().\-\u2010-\u2014]{3,24}\d")
_PLUS = "+"
_SIGN = re.compile(r"[№#]|\b[Nn]o\.?\s*\d")
_LEAST_PART = 5
_LEAST_ENDING = 4
_LEAST_PHONE = 7
_MOST_DIGITS = 15
_NATIONAL = 10
_WITH_COUNTRY = 11
_LONGEST_ID = 9


@dataclass(frozen=True, slots=True)
class Question:
    """A question: its parts.

    `phones` are the writings of a whole phone number, `digits` those of it or of a part of it that every writing has.
    `number` may be an id: the only word, or the word after the name of a kind. `kind` is the kind that is named.
    """

    words: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    digits: str = ""
    email: str = ""
    part_of_email: str = ""
    number: str = ""
    kind: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to search for."""
        return not (self.words or self.digits or self.email or self.part_of_email or self.number)

    @property
    def is_too_short(self) -> bool:
        """Whether the only word is one letter of an alphabet with two cases."""
        if len(self.words) != 1 or self.digits or self.email or self.number:
            return False
        (word,) = self.words
        return len(word) == 1 and word.lower() != word.upper()


def read_question(text: str, kinds: Mapping[str, str], fillers: frozenset[str]) -> Question:
    """Read a text. `kinds` maps stems of words to kinds of records, `fillers` are words that say nothing."""
    left = text[:LONGEST].replace("\u00a0", " ")
    email = part = ""
    if (found := _EMAIL.search(left)) is not None:
        email, left = found[0].lower(), left.replace(found[0], " ")
    elif (found := _LOCAL_PART.search(left) or _DOMAIN.search(left)) is not None:
        part, left = found[0].lower(), left.replace(found[0], " ")
    phones: tuple[str, ...] = ()
    digits = number = ""
    if (found := _PHONE.search(left)) is not None and _is_phone(found[0], left):
        digits = re.sub(r"\D", "", found[0])[-_MOST_DIGITS:]
        rest = left.replace(found[0], " ")
        if found[0].isdecimal() and len(digits) <= _LONGEST_ID and not tokens(rest):
            number = str(int(digits))
        left = rest
        phones = phone_writings(digits) if len(digits) >= _LEAST_PHONE else ()
        digits = digits[-_NATIONAL:]
    has_contact = bool(digits or email or part)
    words = list(dict.fromkeys(tokens(left)))
    number = number or _number_of_kind(words, kinds)
    kind, words = _without_kind(words, kinds, has_contact)
    words = _telling(words, fillers, has_contact)
    if len(words) == 1 and words[0].isdecimal() and len(words[0]) <= _LONGEST_ID and not digits:
        number = str(int(words[0]))
        digits = words[0] if len(words[0]) >= _LEAST_ENDING and not kind and not _SIGN.search(left) else ""
        words = []
    return Question(tuple(words), phones, digits, email, part, number, kind)


def phone_writings(digits: str) -> tuple[str, ...]:
    """Return how a phone number may be stored: with 7, 8 or no code of Russia, with and without a plus and zeros.

    The portal compares numbers without punctuation.
    """
    national = digits[1:] if len(digits) == _WITH_COUNTRY and digits[0] in "78" else digits
    found = [digits, f"{_PLUS}{digits}", national]
    if len(national) == _NATIONAL:
        found += [f"7{national}", f"{_PLUS}7{national}", f"8{national}"]
    bare = digits.lstrip("0")
    found += [bare, f"{_PLUS}{bare}"]
    return tuple(dict.fromkeys(one for one in found if len(one) >= _LEAST_PHONE))[:MOST_PHONES]


def _is_phone(found: str, text: str) -> bool:
    """Whether digits are a phone number or a part of one. A number after `№` or `#` is not."""
    count = sum(one.isdecimal() for one in found)
    before = text[: text.find(found)].rstrip()
    return count >= _LEAST_PART and not before.endswith(("№", "#", "No", "no", "No.", "no."))


def _number_of_kind(words: list[str], kinds: Mapping[str, str]) -> str:
    """Return the number that follows the name of a kind, as in `the stage of deal 17`; empty without one."""
    for word, following in pairwise(words):
        if following.isdecimal() and len(following) <= _LONGEST_ID and stem(word) in kinds:
            return str(int(following))
    return ""


def _without_kind(words: list[str], kinds: Mapping[str, str], has_more: bool) -> tuple[str, list[str]]:
    """Return the kind of record that a word names, and the other words. The only word of a question stays."""
    for word in words:
        kind = kinds.get(stem(word))
        others = [one for one in words if one != word]
        if kind is not None and (others or has_more):
            return kind, others
    return "", words


def _telling(words: list[str], fillers: frozenset[str], has_more: bool) -> list[str]:
    """Return the words without those that say nothing, unless nothing else is asked for. Long questions are cut."""
    telling = [one for one in words if one not in fillers and not is_stop_word(one) and (len(one) > 1 or one.isdigit())]
    chosen = telling if telling or has_more else words
    if len(chosen) > _MOST_WORDS:
        longest = sorted(chosen, key=len, reverse=True)[:_MOST_WORDS]
        chosen = [one for one in chosen if one in longest]
    return chosen
