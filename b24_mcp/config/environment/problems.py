"""The error for settings that cannot be used."""

from __future__ import annotations


class SettingsError(ValueError):
    """A setting cannot be used; the message names it and repeats no value."""
