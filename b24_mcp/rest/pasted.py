"""Values that a person pasted, or that a program passed on with the quotes around them.

`docker --env-file` and `set` on Windows keep quotes. Chats and documents add invisible characters and other quotes.
"""

from __future__ import annotations

import unicodedata

_AROUND = "\"'`“”„‘’«»<>,;"


def cleaned(text: str) -> str:
    """Return a text without invisible characters, and without quotes, commas and white space around it."""
    visible = "".join(sign for sign in text if unicodedata.category(sign) not in ("Cc", "Cf", "Zl", "Zp"))
    return visible.strip(_AROUND + " \u00a0\u3000")
