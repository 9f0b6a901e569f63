"""Invisible characters: controls, format characters, blank letters and joiners.

They can hide instructions from a human reader. They can also split a secret, so that a plain search does not find it.
"""

from __future__ import annotations

import json
import re

# All characters that Unicode classes as controls, format characters or blank letters, except line ends and tabs.
BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
UNSEEN = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2028\u2029"
    "\u2060-\u2065\u206a-\u206f\u2800\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Joiners and the emoji selector are part of normal text after a visible character. Longer runs can carry data.
JOINERS = "\u200c\u200d\ufe0f"

_PIECE = 100_000

_ALWAYS_HIDDEN = re.compile(f"[{BIDI}{UNSEEN}]+")
_JOINERS_RUN = re.compile(f"[{JOINERS}]+")
HIDDEN = re.compile(f"[{BIDI}{UNSEEN}{JOINERS}]")
"""Matches any invisible character."""
# The first bytes of invisible characters in UTF-8. Other characters begin with some of them too.
_FIRST_BYTES = bytes((*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F)) + b"\xc2\xcd\xd8\xe1\xe2\xe3\xef\xf0\xf3"
_MARKS = bytes(0x31 if byte in _FIRST_BYTES else 0x30 for byte in range(256))
_MOST_PLACES = 2_000
_UNSAFE = re.compile(f"[{BIDI}{UNSEEN}{JOINERS}\r\ud800-\udfff]")
_ANY_RUN = re.compile(f"[{BIDI}{UNSEEN}{JOINERS}]+")


def has_hidden(text: str) -> bool:
    """Whether a text has an invisible character. The pattern alone takes ten times as long on a long text."""
    return hidden_in(text, text.encode("utf-8", "surrogatepass"))


def hidden_in(text: str, data: bytes) -> bool:
    """Whether a text has an invisible character. `data` is the text in UTF-8."""
    marks = data.translate(_MARKS)
    place = marks.find(b"1")
    for _ in range(_MOST_PLACES):
        if place < 0:
            return False
        if HIDDEN.match(data[place : place + 4].decode("utf-8", "ignore")):
            return True
        place = marks.find(b"1", place + 1)
    return HIDDEN.search(text) is not None  # full of characters that only begin like invisible ones


def without_hidden(text: str) -> tuple[str, int]:
    """Return the text without invisible characters, and how many of them were removed.

    A joiner after a visible character is kept, because emoji and several scripts need it. The time is linear in the
    text.
    """
    if not has_hidden(text):
        return text, 0
    left = _without(_ALWAYS_HIDDEN, text)
    left = _JOINERS_RUN.sub(_joiners_to_keep, left)
    return left, len(text) - len(left)


def without_unseen(text: str) -> str:
    """Return the text without any invisible character, joiners included. A text that has none is returned itself."""
    return _without(_ANY_RUN, text) if has_hidden(text) else text


def show_hidden(text: str) -> str:
    """Return the text with each invisible character written as `\\uXXXX`, so that it can be seen."""
    return HIDDEN.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def printable(text: str) -> str:
    """Return the text with each control, invisible or bidirectional character written as `\\uXXXX`, as JSON does.

    Line ends and tabs are kept. A carriage return is escaped, because on a terminal it overwrites the line. A lone
    surrogate is escaped, because it cannot be printed.
    """
    return _UNSAFE.sub(lambda match: json.dumps(match.group())[1:-1], text.replace("\r\n", "\n"))


def _without(characters: re.Pattern[str], text: str) -> str:
    """Return the text without these characters. It is processed in pieces, so that other threads can run in between."""
    return "".join(characters.sub("", text[at : at + _PIECE]) for at in range(0, len(text), _PIECE))


def _joiners_to_keep(row: re.Match[str]) -> str:
    joiners = row.group()
    if row.start() == 0 or row.string[row.start() - 1].isspace():
        return ""
    return joiners[:2] if joiners.startswith("\ufe0f\u200d") else joiners[0]
