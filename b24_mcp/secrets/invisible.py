"""The characters that a reader does not see: controls, format characters, blank letters and joiners.

Instructions can be hidden from people in them, and a secret that is split by one is no longer found by a plain search.
"""

from __future__ import annotations

import json
import re

# Everything that Unicode marks as a control, a format character or a blank letter, except line ends and tabs.
BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
UNSEEN = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2028\u2029"
    "\u2060-\u2065\u206a-\u206f\u2800\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Joiners and the emoji selector belong to writing, after a visible character; longer rows of them can carry data.
JOINERS = "\u200c\u200d\ufe0f"

_PIECE = 100_000

_ALWAYS_HIDDEN = re.compile(f"[{BIDI}{UNSEEN}]+")
_ROW_OF_JOINERS = re.compile(f"[{JOINERS}]+")
_ANY = re.compile(f"[{BIDI}{UNSEEN}{JOINERS}]")
_UNSAFE = re.compile(f"[{BIDI}{UNSEEN}{JOINERS}\r\ud800-\udfff]")
_ANY_ROW = re.compile(f"[{BIDI}{UNSEEN}{JOINERS}]+")


def without_hidden(text: str) -> tuple[str, int]:
    """Return the text without invisible characters, and how many of them were removed.

    A joiner after a visible character stays, as emoji and several scripts need it. The time is linear in the text.
    """
    if _ANY.search(text) is None:
        return text, 0
    left = _without(_ALWAYS_HIDDEN, text)
    left = _ROW_OF_JOINERS.sub(_joiners_to_keep, left)
    return left, len(text) - len(left)


def without_unseen(text: str) -> str:
    """Return the text without any invisible character, joiners included; the same object when it has none."""
    return text if _ANY.search(text) is None else _without(_ANY_ROW, text)


def show_hidden(text: str) -> str:
    """Return the text with each invisible character written as `\\uXXXX`, so that a person sees it."""
    return _ANY.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def printable(text: str) -> str:
    """Return the text with each control, invisible or bidirectional character written as `\\uXXXX`, as JSON does.

    Line ends and tabs stay. A carriage return is escaped, since on a terminal it goes back over what is there, and so
    is a lone surrogate, which cannot be printed at all.
    """
    return _UNSAFE.sub(lambda match: json.dumps(match.group())[1:-1], text.replace("\r\n", "\n"))


def _without(characters: re.Pattern[str], text: str) -> str:
    """The text without these characters. It is done in pieces, so that other threads get their turn in between."""
    return "".join(characters.sub("", text[at : at + _PIECE]) for at in range(0, len(text), _PIECE))


def _joiners_to_keep(row: re.Match[str]) -> str:
    joiners = row.group()
    if row.start() == 0 or row.string[row.start() - 1].isspace():
        return ""
    return joiners[:2] if joiners.startswith("\ufe0f\u200d") else joiners[0]
