"""The language of the user of this computer."""

from __future__ import annotations

import locale
import os

from b24_mcp.texts.catalogue import Language


def speaks_russian() -> bool:
    """Whether the language of this computer is Russian."""
    names = [os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    return any(name.lower().startswith("ru") for name in (*names, locale.getlocale()[0] or ""))


def language_of_user() -> Language:
    """Return the language in which a person at this computer reads texts."""
    return "ru" if speaks_russian() else "en"
