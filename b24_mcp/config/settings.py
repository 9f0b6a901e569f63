"""What a person configures, as types. `b24_mcp.config.environment` says where it is read from."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from b24_mcp.config.environment import SettingsError, absolute, read_given
from b24_mcp.storage.folders import KINDS, FolderError, user_folder

__all__ = ["RISK_KINDS", "RiskKind", "Settings", "SettingsError", "load_settings", "read_risks"]

RiskKind = Literal["outside", "rights", "money", "code"]
RISK_KINDS: tuple[RiskKind, ...] = get_args(RiskKind)


class Settings(BaseModel):
    """The settings. Each is named `B24_` and its name in capitals where it is read. An empty value means not set.

    Paths are absolute; a person may begin them with `~`.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    webhook_url: SecretStr | None = None
    """The portal and its incoming webhook. Without any portal the sandbox answers."""
    portal: str | None = None
    """The address of a portal that is opened by a login (`b24-mcp login`) instead of a webhook."""
    client_id: str | None = None
    """The application that asks for the login, as Bitrix24 names it."""
    client_secret: SecretStr | None = None
    """The secret key of that application; it goes to the authorization server only."""
    oauth_server: str | None = None
    """An authorization server other than those of Bitrix24's cloud. A person has to name it; a portal cannot."""
    ca_bundle: Path | None = None
    """A PEM file of authorities to trust in addition to those of the operating system."""
    plan: Literal["basic", "enterprise", "none"] = "basic"
    """Which limits the portal has: `basic`, `enterprise`, or `none` for a portal on its owner's machines."""
    state: str | None = None
    """Where the state of limits is shared: an address of Redis, a file, or `memory`. Default: the user's directory."""
    data_dir: Path | None = None
    """Where data sets, the documentation and indexes are kept. Default: the user's data directory."""
    records_ttl: float = Field(default=30.0, ge=0)
    """Days after which a data set is removed; 0 keeps them."""
    files_dir: str | None = None
    """The folders that files may be written to for a model, separated as in PATH. Without it none is."""
    timeout: float = Field(default=65.0, gt=0, le=3600)
    """Seconds to wait for one answer, within the deadline; the portal itself ends a request after 60."""
    deadline: float = Field(default=55.0, gt=0, le=86_400)
    """Seconds after which a whole call ends, whatever it waits for; clients give up after 60."""
    largest_answer: int = Field(default=64, ge=1, le=2_048)
    """Megabytes of one answer of the portal; what is larger is refused while it comes."""
    budget: int = Field(default=20_000, ge=1_000)
    """Characters of one answer to a model."""
    config: Path | None = None
    """The file that names several portals. Default: `portals.toml` in the user's configuration directory."""
    default_portal: str | None = None
    """The portal of that file (or `sandbox`) that is meant when none is named, instead of any other."""
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
    http_sessions: bool = False
    """Whether clients from before 2026-07-28 get a session, in which they can be asked for an approval."""
    http_body: int = Field(default=4, ge=1, le=1_024)
    """Megabytes of one request."""
    http_grace: int = Field(default=30, ge=0, le=3_600)
    """Seconds that running calls have to finish when the server is stopped."""
    http_receive: float = Field(default=30.0, ge=1, le=3_600)
    """Seconds in which a request has to arrive whole, headers included, and a client has to read its answer."""
    http_connections: int = Field(default=512, ge=1)
    """Connections at the same time; fewer where the process may not open so many files."""
    http_connections_per_address: int = Field(default=256, ge=1)
    """The same for each address but those of this computer."""

    @property
    def has_portal(self) -> bool:
        """Whether the environment configures a portal of its own."""
        return self.webhook_url is not None or self.portal is not None or self.client_id is not None

    access: Literal["read", "write", "full"] = "write"
    """What may be done: only read; write, and delete with a person's approval; or everything unasked."""
    allow: tuple[str, ...] = ()
    """Globs over method names, separated by commas; where there are any, nothing else is called."""
    deny: tuple[str, ...] = ()
    """Globs over method names that are never called."""
    approval: Literal["ask", "off"] = "ask"
    """Whether a person is asked at level `write`."""
    approval_writes: int = Field(default=50, ge=0)
    """A batch that changes something more often than this needs approval as well."""
    risks: tuple[RiskKind, ...] = RISK_KINDS
    """Kinds of risk that need approval at level `write`, separated by commas; `none` for no kind."""
    audit: str | None = None
    """The folder of the audit trail, or `off`. Default: one in the user's state directory."""
    audit_values: bool = False
    """Whether the audit trail holds the values of fields too, not only their names."""

    @field_validator("allow", "deny", mode="before")
    @classmethod
    def _separated_by_commas(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("risks", mode="before")
    @classmethod
    def _kinds_of_risk(cls, value: Any) -> Any:
        return read_risks(value.split(",")) if isinstance(value, str) else value

    @field_validator("ca_bundle", "data_dir", "config", mode="before")
    @classmethod
    def _absolute(cls, value: Any, info: ValidationInfo) -> Any:
        return absolute(_variable(info.field_name), value) if isinstance(value, str) else value

    @field_validator("state", "audit", mode="before")
    @classmethod
    def _absolute_unless_a_word(cls, value: Any, info: ValidationInfo) -> Any:
        word = {"state": "memory", "audit": "off"}[info.field_name or ""]
        if not isinstance(value, str) or value == word or (info.field_name == "state" and "://" in value):
            return value
        return str(absolute(_variable(info.field_name), value))

    @field_validator("files_dir", mode="before")
    @classmethod
    def _each_absolute(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return os.pathsep.join(str(absolute("B24_FILES_DIR", part)) for part in value.split(os.pathsep) if part)

    @property
    def data_folder(self) -> Path:
        """`data_dir`, or the user's data directory."""
        return self.data_dir or user_folder("data")

    def secrets(self) -> list[str]:
        """Return the values in the settings that are secret."""
        # Of the webhook only its code is a secret, and whoever reads the address learns it.
        others = [value for name, value in self if isinstance(value, SecretStr) and name != "webhook_url"]
        password = urlsplit(self.state).password if self.state and "://" in self.state else None
        return [secret for secret in (*(value.get_secret_value() for value in others), password) if secret]


def _variable(field: str | None) -> str:
    return f"B24_{(field or '').upper()}"


_NAMES = frozenset(map(_variable, Settings.model_fields))


def read_risks(words: Iterable[str]) -> tuple[RiskKind, ...]:
    """Return the kinds of risk that these words name, in their usual order; the one word `none` names no kind.

    Raises:
        PydanticCustomError: for an unknown word, no word at all, or `none` beside others.
    """
    named = [word.strip() for word in words]
    if named == ["none"]:
        return ()
    if not named or not set(named) <= set(RISK_KINDS):
        raise PydanticCustomError(
            "risks", "use one or more of {kinds}, separated by commas, or none", {"kinds": ", ".join(RISK_KINDS)}
        )
    return tuple(kind for kind in RISK_KINDS if kind in named)


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        SettingsError: naming the setting that is wrong and why.
    """
    given = read_given(_NAMES)
    try:
        for kind in KINDS:
            user_folder(kind)
        return Settings.model_validate({name.removeprefix("B24_").lower(): text for name, text in given.values.items()})
    except FolderError as exc:
        raise SettingsError(str(exc)) from None
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        said = first["msg"].removeprefix("Value error, ")
        name = "_".join(("B24", *(str(part).upper() for part in first["loc"])))
        # Ours name the variable themselves.
        raise SettingsError(said if said.startswith(name) else f"{name}: {said}") from None
