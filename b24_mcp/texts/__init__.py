"""The texts that people read in their own language. `people.toml` has each text in every language."""

from b24_mcp.texts.catalogue import LANGUAGES, Language, text
from b24_mcp.texts.person import RUSSIAN_ZONES, language_for, language_of_user, speaks_russian
from b24_mcp.texts.translation import for_user, translated

__all__ = [
    "LANGUAGES",
    "RUSSIAN_ZONES",
    "Language",
    "for_user",
    "language_for",
    "language_of_user",
    "speaks_russian",
    "text",
    "translated",
]
