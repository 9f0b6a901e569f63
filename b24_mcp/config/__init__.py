"""The configuration: settings, the portals by name, and the stores of their secrets."""

from b24_mcp.config.configuration import Configuration, ConfigurationOverview, load_configuration, load_overview
from b24_mcp.config.errors import ConfigurationError
from b24_mcp.config.portals import ENVIRONMENT, SANDBOX, PortalFile, PortalSettings
from b24_mcp.config.secrets import Secrets, open_secrets

__all__ = [
    "ENVIRONMENT",
    "SANDBOX",
    "Configuration",
    "ConfigurationError",
    "ConfigurationOverview",
    "PortalFile",
    "PortalSettings",
    "Secrets",
    "load_configuration",
    "load_overview",
    "open_secrets",
]
