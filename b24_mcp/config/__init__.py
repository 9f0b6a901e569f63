"""Which portals there are: one from the environment, several from a file; and where their secrets are kept."""

from b24_mcp.config.configuration import Configuration, load_configuration
from b24_mcp.config.portals import ENVIRONMENT, SANDBOX, ConfigurationError, PortalFile, PortalSettings
from b24_mcp.config.secrets import Secrets, open_secrets

__all__ = [
    "ENVIRONMENT",
    "SANDBOX",
    "Configuration",
    "ConfigurationError",
    "PortalFile",
    "PortalSettings",
    "Secrets",
    "load_configuration",
    "open_secrets",
]
