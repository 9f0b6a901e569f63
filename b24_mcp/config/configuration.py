"""The whole configuration: the settings and the file of portals.

The default portal is the one that `B24_DEFAULT_PORTAL` names. Otherwise it is the portal of the environment or the
settings file, then the default of the file of portals. Without any portal it is the sandbox.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from b24_mcp.config.environment import env_file_path
from b24_mcp.config.errors import ConfigurationError
from b24_mcp.config.portals import ENVIRONMENT, SANDBOX, PortalFile, PortalSettings
from b24_mcp.config.secrets import Secrets, open_secrets
from b24_mcp.config.settings import AccessLevel, Settings, load_settings
from b24_mcp.storage.folders import user_folder


@dataclass(frozen=True, slots=True)
class Configuration:
    """The configuration of a user. `file` is the file of portals, and `portals` are the portals in it."""

    settings: Settings
    file: Path
    portals: Mapping[str, PortalSettings]
    default: str
    """The portal of a call that names none; `sandbox` when no portal is configured."""

    @property
    def env_file(self) -> Path | None:
        """The settings file that was read, or None."""
        return env_file_path()

    @property
    def has_portals(self) -> bool:
        """Whether any portal except the sandbox is configured."""
        return self.settings.has_portal or bool(self.portals)

    @property
    def names(self) -> list[str]:
        """The names of all portals: the default first, the sandbox last."""
        configured = [ENVIRONMENT] if self.settings.has_portal else []
        names = [*configured, *self.portals, SANDBOX]
        return sorted(names, key=lambda name: name != self.default)

    def webhook(self, name: str, secrets: Secrets) -> str:
        """Return the incoming webhook of a portal in the file: a secret.

        Raises:
            ConfigurationError: when it is not where the file says.
            SecretsError: when the store of secrets cannot be used.
        """
        portal = self.portals[name]
        if portal.webhook_env is not None:
            found = os.environ.get(portal.webhook_env)
            if not found:
                raise ConfigurationError(f"The variable {portal.webhook_env}, which portal {name!r} needs, is not set")
            return found
        stored = secrets.get(f"{name}.webhook")
        if stored is None:
            raise ConfigurationError(
                f"The webhook of portal {name!r} is not in {secrets.place}: run b24-mcp portals add {name}"
            )
        return stored

    def client_secret(self, name: str, secrets: Secrets) -> str:
        """Return the secret key of the application that opens a portal in the file: a secret.

        Raises:
            ConfigurationError: when it was not stored.
            SecretsError: when the store of secrets cannot be used.
        """
        stored = secrets.get(f"{name}.client_secret")
        if stored is None:
            raise ConfigurationError(
                f"The client secret of portal {name!r} is not in {secrets.place}: run b24-mcp portals add {name} "
                "--oauth ADDRESS --client-id ID"
            )
        return stored

    def open_secrets(self) -> Secrets:
        """Open the store of secrets. When it is a file, it is beside the file of portals.

        Raises:
            SecretsError: when the keyring is required and this computer has no keyring.
        """
        return open_secrets(self.settings.keep_secrets, self.file.with_name("secrets.json"))


@dataclass(frozen=True, slots=True)
class ConfigurationOverview:
    """What the list of tools shows of the configuration: the level of access and the names of the portals."""

    level: AccessLevel = "write"
    portals: Sequence[str] = ()
    """The default first."""
    tools: Sequence[str] = ()
    """The tools that clients get; empty for all."""
    dialect: Literal["SQLite", "PostgreSQL"] = "SQLite"
    """The dialect of SQL that data sets are queried in."""


def load_configuration() -> Configuration:
    """Read the settings and the file of portals.

    Raises:
        SettingsError: for the settings.
        ConfigurationError: for the file of portals.
    """
    settings = load_settings()
    path = settings.config or user_folder("config") / "portals.toml"
    file = PortalFile(path)
    default = settings.default_portal or (ENVIRONMENT if settings.has_portal else file.default or SANDBOX)
    if default not in (ENVIRONMENT, SANDBOX, *file.portals):
        names = ", ".join(file.portals) or "none"
        raise ConfigurationError(f"B24_DEFAULT_PORTAL names {default!r}, which is not in {path}; there are: {names}")
    return Configuration(settings, path, file.portals, default)


def load_overview() -> ConfigurationOverview:
    """Read what the list of tools shows. A configuration that cannot be used gives all tools and no portal names.

    A client asks for the tools before it calls one, and needs the list in any case. The first call reports the error.
    """
    try:
        configuration = load_configuration()
    except ConfigurationError:
        return ConfigurationOverview()
    settings = configuration.settings
    return ConfigurationOverview(settings.access, configuration.names, settings.tools, settings.dialect)
