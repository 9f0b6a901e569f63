"""The language of the user of this computer."""

from __future__ import annotations

import locale
import os

from b24_mcp.texts.catalogue import Language

RUSSIAN_ZONES = (".ru", ".by", ".kz")
"""The zones of portals whose people read Russian."""


def speaks_russian() -> bool:
    """Whether the language of this computer is Russian."""
    names = [os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    return any(name.lower().startswith("ru") for name in (*names, locale.getlocale()[0] or ""))


def language_for(host: str) -> Language:
    """Return the language of questions about a portal: Russian where the portal or this computer is Russian."""
    return "ru" if host.lower().endswith(RUSSIAN_ZONES) else language_of_user()


def language_of_user() -> Language:
    """Return the language in which a person at this computer reads texts."""
    return "ru" if speaks_russian() else "en"
