"""What the list of tools says about access and portals.

A client asks for the list before it calls anything, and it has to get one whatever the settings are. Settings that
cannot be used are reported by the first call, which fails.
"""

from __future__ import annotations

from b24_mcp.access import Level
from b24_mcp.config import ConfigurationError, load_configuration
from b24_mcp.config.settings import SettingsError


class Announced:
    """The level of access and the names of the portals, the default first, as they are configured now.

    When the configuration cannot be used, all tools are listed and no portal is named.
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
