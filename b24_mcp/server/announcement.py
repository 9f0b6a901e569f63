"""The access level and the portals that the list of tools shows.

A client requests the list before it calls a tool, and it must get one even if the settings are invalid. The first call
reports invalid settings.
"""

from __future__ import annotations

from b24_mcp.access import Level
from b24_mcp.config import ConfigurationError, load_configuration
from b24_mcp.config.settings import SettingsError


class Announced:
    """The configured access level and the names of the portals, the default first.

    With an invalid configuration, all tools are listed and no portal is named.
    """

    def __init__(self) -> None:
        self.level: Level = "write"
        self.portals: list[str] = []
        try:
            configuration = load_configuration()
        except (SettingsError, ConfigurationError):
            return
        self.level = configuration.settings.access
        self.portals = configuration.names
