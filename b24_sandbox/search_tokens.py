"""What texts, phones and e-mails add to the full-text search of a CRM record.

Source: source behaviour of the portal.
"""

from __future__ import annotations

import codecs
import re

from b24_sandbox.php import Value

_NOT_DIGIT = re.compile(r"\D")
_SHORTEST_PART = 3


def rotated(value: Value) -> str:
    """A text with its Latin letters rotated and a space after it; empty for no text."""
    return f"{codecs.encode(value, 'rot13')} " if isinstance(value, str) and value else ""


def searched(kind: str, value: str) -> str:
    """What a phone or an e-mail adds to the text."""
    if kind == "EMAIL":
        return "".join(rotated(word) for word in re.split(r"\W+", value))
    if kind != "PHONE":
        return ""
    digits = _NOT_DIGIT.sub("", value)
    national = [f"8{digits[1:]}"] if len(digits) >= 10 and digits.startswith("7") else []
    return " ".join([*national, *(digits[start:] for start in range(len(digits) - _SHORTEST_PART + 1))])
