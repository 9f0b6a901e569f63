"""What a person configures: environment variables, or a `.env` file in the folder the program starts in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSettingError


class SettingsError(ValueError):
    """A setting cannot be used; the text names it and repeats no value."""


class Settings(BaseSettings):
    """The settings, each read from `B24_` and its name in capitals. An empty value counts as not given."""

    model_config = SettingsConfigDict(
        env_prefix="B24_",
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    webhook_url: SecretStr | None = None
    """The portal and its incoming webhook. Without it the sandbox portal answers."""
    ca_bundle: Path | None = None
    """A PEM file of authorities to trust beside those of the operating system."""
    timeout: float = Field(default=65.0, gt=0, le=3600)
    """Seconds to wait for an answer; the portal itself ends a request after 60."""
    budget: int = Field(default=20_000, ge=1_000)
    """Characters of one answer to a model."""

    @field_validator("webhook_url", "ca_bundle", mode="before")
    @classmethod
    def _unset_if_placeholder(cls, value: Any) -> Any:
        """Clients hand `${NAME}` on as it stands when the person has not set NAME: that is no value."""
        return None if isinstance(value, str) and value.startswith("${") and value.endswith("}") else value


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        SettingsError: naming the setting that is wrong and why.
    """
    try:
        return Settings()
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        name = "_".join(("B24", *(str(part).upper() for part in first["loc"])))
        raise SettingsError(f"{name}: {first['msg']}") from None
    except (UnreadableSettingError, UnicodeDecodeError, OSError):
        raise SettingsError("The file .env in the current folder cannot be read as UTF-8 text") from None
