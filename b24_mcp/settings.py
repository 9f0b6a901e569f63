"""What a person configures: environment variables, or a `.env` file in the folder the program starts in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
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
    data_dir: Path | None = None
    """Where data sets, the documentation and indexes are kept. Default: the user's data directory."""
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

    @property
    def has_portal(self) -> bool:
        """Whether the environment configures a portal of its own."""
        return self.webhook_url is not None

    access: Literal["read", "write", "full"] = "write"
    """What may be done: only read; write, and delete with a person's approval; or everything unasked."""
    allow: Annotated[tuple[str, ...], NoDecode] = ()
    """Globs over method names, separated by commas; where there are any, nothing else is called."""
    deny: Annotated[tuple[str, ...], NoDecode] = ()
    """Globs over method names that are never called."""
    approval: Literal["ask", "off"] = "ask"
    """Whether a person is asked at level `write`."""
    approval_writes: int = Field(default=50, ge=0)
    """A batch that changes something more often than this needs approval as well."""
    audit: str | None = None
    """The folder of the audit trail, or `off`. Default: one in the user's state directory."""
    audit_values: bool = False
    """Whether the audit trail holds the values of fields too, not only their names."""

    @field_validator("allow", "deny", mode="before")
    @classmethod
    def _separated_by_commas(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return () if _is_placeholder(value) else tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("access", "approval", mode="before")
    @classmethod
    def _default_if_placeholder(cls, value: Any, info: ValidationInfo) -> Any:
        return cls.model_fields[str(info.field_name)].default if _is_placeholder(value) else value

    @field_validator("webhook_url", "ca_bundle", "state", "data_dir", "config", "audit", mode="before")
    @classmethod
    def _unset_if_placeholder(cls, value: Any) -> Any:
        """Clients hand `${NAME}` on as it stands when the person has not set NAME: that is no value."""
        return None if _is_placeholder(value) else value

    @property
    def data_folder(self) -> Path:
        """`data_dir`, or the user's data directory."""
        if self.data_dir is not None:
            return self.data_dir.expanduser()
        from platformdirs import user_data_path

        return user_data_path("b24-mcp")

    def secrets(self) -> list[str]:
        """Everything in the settings that may be shown to nobody."""
        # Of the webhook only its code is a secret, and whoever reads the address learns it.
        others = [value for name, value in self if isinstance(value, SecretStr) and name != "webhook_url"]
        password = urlsplit(self.state).password if self.state and "://" in self.state else None
        return [secret for secret in (*(value.get_secret_value() for value in others), password) if secret]


def _is_placeholder(value: object) -> bool:
    return isinstance(value, str) and value.startswith("${") and value.endswith("}")


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
