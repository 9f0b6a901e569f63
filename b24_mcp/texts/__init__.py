"""The texts that people read in their own language. `people.toml` has each text in every language."""

from b24_mcp.texts.catalogue import LANGUAGES, Language, text
from b24_mcp.texts.person import language_of_user, speaks_russian

__all__ = ["LANGUAGES", "Language", "language_of_user", "speaks_russian", "text"]
