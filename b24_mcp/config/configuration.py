"""The environment and the file of portals together, and what comes first.

The default is the portal that `B24_DEFAULT_PORTAL` names, or else that of the environment or the file of settings, or
else the default of the file of portals. Without any portal it is the sandbox.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from b24_mcp.config.environment import env_file_path
from b24_mcp.config.portals import ENVIRONMENT, SANDBOX, ConfigurationError, PortalFile, PortalSettings
from b24_mcp.config.secrets import Secrets, open_secrets
from b24_mcp.config.settings import Settings, load_settings
from b24_mcp.storage.folders import user_folder


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a person configured. `portals` are those of the file."""

    settings: Settings
    file: Path
    portals: Mapping[str, PortalSettings]
    default: str
    """The portal that is meant when none is named; `sandbox` when none is configured."""

    @property
    def env_file(self) -> Path | None:
        """The file of settings that was read, or None."""
        return env_file_path()

    @property
    def has_portals(self) -> bool:
        """Whether any portal but the sandbox is configured."""
        return self.settings.has_portal or bool(self.portals)

    @property
    def names(self) -> list[str]:
        """Every portal that can be named, the default first, the sandbox last."""
        configured = [ENVIRONMENT] if self.settings.has_portal else []
        names = [*configured, *self.portals, SANDBOX]
        return sorted(names, key=lambda name: name != self.default)

    def webhook(self, name: str, secrets: Secrets) -> str:
        """The incoming webhook of a portal of the file: a secret.

        Raises:
            ConfigurationError: when it is not where the file says it is.
            SecretsError: when that place cannot be used.
        """
        portal = self.portals[name]
        if portal.webhook_env is not None:
            found = os.environ.get(portal.webhook_env)
            if not found:
                raise ConfigurationError(f"The variable {portal.webhook_env}, which portal {name!r} needs, is not set")
            return found
        kept = secrets.get(f"{name}.webhook")
        if kept is None:
            raise ConfigurationError(
                f"The webhook of portal {name!r} is not in {secrets.place}: run b24-mcp portals add {name}"
            )
        return kept

    def client_secret(self, name: str, secrets: Secrets) -> str:
        """The secret key of the application that opens a portal of the file: a secret.

        Raises:
            ConfigurationError: when it was not kept.
            SecretsError: when the place of secrets cannot be used.
        """
        kept = secrets.get(f"{name}.client_secret")
        if kept is None:
            raise ConfigurationError(
                f"The client secret of portal {name!r} is not in {secrets.place}: run b24-mcp portals add {name} "
                "--oauth ADDRESS --client-id ID"
            )
        return kept

    def open_secrets(self) -> Secrets:
        """The place for secrets, beside the file when it is a file."""
        return open_secrets(self.settings.keep_secrets, self.file.with_name("secrets.json"))


def load_configuration() -> Configuration:
    """Read the environment and the file.

    Raises:
        SettingsError: for the environment.
        ConfigurationError: for the file.
    """
    settings = load_settings()
    path = settings.config or _default_path()
    file = PortalFile(path)
    default = settings.default_portal or (ENVIRONMENT if settings.has_portal else file.default or SANDBOX)
    if default not in (ENVIRONMENT, SANDBOX, *file.portals):
        names = ", ".join(file.portals) or "none"
        raise ConfigurationError(f"B24_DEFAULT_PORTAL names {default!r}, which is not in {path}; there are: {names}")
    return Configuration(settings, path, file.portals, default)


def _default_path() -> Path:
    return user_folder("config") / "portals.toml"
