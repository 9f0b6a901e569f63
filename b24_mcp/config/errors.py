"""The errors of a configuration that cannot be used."""

from __future__ import annotations


class ConfigurationError(ValueError):
    """The configuration cannot be used. The message names the place to correct and repeats no secret."""


class SettingsError(ConfigurationError):
    """A setting cannot be used. The message names the setting and repeats no value."""
