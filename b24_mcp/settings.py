"""What a person configures: environment variables, or a `.env` file in the folder the program starts in."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

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
    plan: Literal["basic", "enterprise", "none"] = "basic"
    """Which limits the portal has: `basic`, `enterprise`, or `none` for a portal on its owner's machines."""
    state: str | None = None
    """Where the state of limits is shared: an address of Redis, a file, or `memory`. Default: the user's directory."""
    timeout: float = Field(default=65.0, gt=0, le=3600)
    """Seconds to wait for one answer; the portal itself ends a request after 60."""
    deadline: float = Field(default=100.0, gt=0, le=86_400)
    """Seconds after which a call no longer waits for limits and is not sent again."""
    largest_answer: int = Field(default=64, ge=1, le=2_048)
    """Megabytes of one answer of the portal; what is larger is refused while it comes."""
    budget: int = Field(default=20_000, ge=1_000)
    """Characters of one answer to a model."""
    config: Path | None = None
    """The file that names several portals. Default: `portals.toml` in the user's configuration directory."""
    keep_secrets: Literal["auto", "keyring", "file"] = "auto"
    """Where secrets of the portals in that file are kept: `auto` is the keyring where there is one."""

    http_url: str | None = None
    """Serving over HTTP: the address clients use, such as `https://mcp.example.com/mcp`. Without it: loopback only."""
    http_token: SecretStr | None = None
    """One secret that all clients send as their bearer token."""
    http_issuer: str | None = None
    """OAuth instead of one token: who issues the access tokens, exactly as they name it."""
    http_jwks: str | None = None
    """Where the issuer publishes its keys."""
    http_audience: str | None = None
    """For whom a token must be issued. Default: `http_url`."""
    http_key: SecretStr | None = None
    """Seals what clients carry from a question to its answer; servers behind one balancer share it. `NEW,OLD` rolls."""
    http_calls: int = Field(default=256, ge=1)
    """Calls answered at the same time; more are refused until later."""
    http_calls_per_caller: int = Field(default=32, ge=1)
    """The same for each caller known by a token of OAuth."""
    http_body: int = Field(default=4, ge=1, le=1_024)
    """Megabytes of one request."""
    http_grace: int = Field(default=30, ge=0, le=3_600)
    """Seconds that running calls have to finish when the server is stopped."""

    @property
    def has_portal(self) -> bool:
        """Whether the environment configures a portal of its own."""
        return self.webhook_url is not None

    @field_validator("webhook_url", "ca_bundle", "state", "config", "http_token", "http_key", mode="before")
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
