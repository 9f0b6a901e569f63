"""Portals as a person names them, and the file they are written in.

The file is TOML: a table for each portal under `portals`, and `default`, the one meant when none is named. It holds no
secret, so it can be kept and shared.
"""

from __future__ import annotations

import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_serializer, field_validator, model_validator

from b24_mcp.storage.files import write_private_file
from b24_mcp.storage.folders import make_private

if TYPE_CHECKING:
    import tomlkit

from b24_mcp.config.settings import RiskKind, read_risks

ENVIRONMENT = "environment"
"""The name of the portal that the environment or the file of settings configures."""
SANDBOX = "sandbox"
"""The name of the portal that is part of this program."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_RESERVED = (ENVIRONMENT, SANDBOX)
_LISTS = ("allow", "deny", "risks")


class ConfigurationError(ValueError):
    """The file of portals cannot be used; the text names the place in it and repeats no value of a secret."""


class PortalSettings(BaseModel):
    """One portal. It is opened by an incoming webhook, or as an OAuth application (`address` and `client_id`).

    What is not said here (`plan`, `access`, …) is taken from the environment, and from there access can only be
    narrowed further.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    webhook: Literal["kept", "env"] | None = None
    """`kept`: the webhook is where `b24-mcp portals add` put it; `env`: in the variable `webhook_env`."""
    webhook_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    address: str | None = Field(default=None, pattern=r"^https?://[^/?#@\s]+/?$")
    client_id: str | None = None
    plan: Literal["basic", "enterprise", "none"] | None = None
    access: Literal["read", "write", "full"] | None = None
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    approval: Literal["ask", "off"] | None = None
    approval_writes: Annotated[int, Field(ge=0)] | None = None
    risks: tuple[RiskKind, ...] | None = None
    """Kinds of risk that need approval; written as a list, `["none"]` for no kind."""

    @model_validator(mode="before")
    @classmethod
    def _no_secret(cls, values: Any) -> Any:
        if isinstance(values, dict):
            for name in ("webhook_url", "client_secret", "token"):
                if name in values:
                    raise ValueError(f"{name} is a secret and does not belong into this file: use b24-mcp portals add")
        return values

    @model_validator(mode="before")
    @classmethod
    def _no_empty_list(cls, values: Any) -> Any:
        """Refuse `allow = []`: it would read as "nothing is allowed" and mean the opposite."""
        if isinstance(values, dict):
            for name in _LISTS:
                given = values.get(name)
                if isinstance(given, list) and not any(str(entry).strip() for entry in given):
                    raise ValueError(f"{name} is a list without entries: name some, or remove it")
        return values

    @field_validator("webhook", mode="before")
    @classmethod
    def _no_address(cls, value: Any) -> Any:
        if isinstance(value, str) and "://" in value:
            raise ValueError("a webhook is a secret and does not belong into this file: use b24-mcp portals add")
        return value

    @field_validator("risks", mode="before")
    @classmethod
    def _kinds_of_risk(cls, value: Any) -> Any:
        return read_risks(map(str, value)) if isinstance(value, list) else value

    @field_serializer("risks")
    def _written_risks(self, value: tuple[RiskKind, ...] | None) -> list[str] | None:
        return None if value is None else [*value] or ["none"]

    @model_validator(mode="after")
    def _one_way_in(self) -> PortalSettings:
        if (self.webhook == "env") != (self.webhook_env is not None):
            raise ValueError('webhook = "env" and webhook_env go together')
        is_oauth = self.address is not None or self.client_id is not None
        if is_oauth and (self.address is None or self.client_id is None):
            raise ValueError("an application needs both address and client_id")
        if is_oauth == (self.webhook is not None):
            raise ValueError("a portal is opened by either webhook, or address and client_id")
        return self

    @property
    def is_oauth(self) -> bool:
        """Whether it is opened as an application rather than by a webhook."""
        return self.client_id is not None


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    default: str | None = None
    portals: dict[str, PortalSettings] = {}


class PortalFile:
    """The file at `path`. Reading one that is not there gives no portals; changing keeps comments and order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written = self._read()

    @property
    def portals(self) -> dict[str, PortalSettings]:
        """The portals by name, in the order of the file."""
        return self._written.portals

    @property
    def default(self) -> str | None:
        """The portal meant when none is named: the one the file says, else the first."""
        return self._written.default or next(iter(self.portals), None)

    def add(self, name: str, portal: PortalSettings) -> None:
        """Write a portal, in place of one of the same name. The first one becomes the default.

        Raises:
            ConfigurationError: for a name that is no plain word, or a file that cannot be written.
        """
        import tomlkit

        check_name(name)
        document = self._document()
        table = tomlkit.table()
        for key, value in portal.model_dump(exclude_defaults=True, exclude_none=True).items():
            table.add(key, list(value) if isinstance(value, tuple) else value)
        portals = document.setdefault("portals", tomlkit.table(is_super_table=True))
        portals[name] = table
        if "default" not in document:
            document["default"] = name
        self._write(document)

    def remove(self, name: str) -> None:
        """Take a portal out. When it was the default, the first one left is."""
        document = self._document()
        del document["portals"][name]
        left = list(document["portals"])
        if document.get("default") == name:
            document.remove("default")
            if left:
                document["default"] = left[0]
        self._write(document)

    def make_default(self, name: str) -> None:
        """Make a portal the one meant when none is named."""
        document = self._document()
        document["default"] = name
        self._write(document)

    def _document(self) -> tomlkit.TOMLDocument:
        import tomlkit  # only whoever changes the file waits for it

        return tomlkit.parse(self._text())

    def _text(self) -> str:
        try:
            return self.path.read_text("utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError):
            raise ConfigurationError(f"{self.path} cannot be read") from None

    def _read(self) -> _Written:
        try:
            return self._checked(tomllib.loads(self._text()))
        except tomllib.TOMLDecodeError as exc:
            raise ConfigurationError(f"{self.path} is not valid TOML: {exc}") from None

    def _checked(self, document: dict[str, Any]) -> _Written:
        try:
            written = _Written.model_validate(document)
        except ValidationError as exc:
            first = exc.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            said = first["msg"].removeprefix("Value error, ")
            if first["type"] == "extra_forbidden":
                said = f"there is no such key{_meant(str(first['loc'][-1]))}"
            raise ConfigurationError(f"{self.path}: {place}: {said}") from None
        for name in written.portals:
            check_name(name)
        if written.default is not None and written.default not in written.portals:
            raise ConfigurationError(f"{self.path}: default names {written.default!r}, which is no portal in it")
        return written

    def _write(self, document: tomlkit.TOMLDocument) -> None:
        import tomlkit

        written = self._checked(document.unwrap())
        try:
            make_private(self.path.parent)
            # Resolved, so that a file that is a link stays one.
            write_private_file(self.path.resolve(), tomlkit.dumps(document).encode())
        except OSError as exc:
            raise ConfigurationError(f"{self.path} cannot be written: {exc.strerror}") from None
        self._written = written


def _meant(key: str) -> str:
    close = get_close_matches(key.lower(), [*PortalSettings.model_fields, *_Written.model_fields], 1, 0.6)
    return f", {close[0]} is probably meant" if close else ""


def check_name(name: str) -> None:
    """Accept the name of a portal: a plain word that means nothing else here.

    Raises:
        ConfigurationError: otherwise.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name[:40]!r} cannot be the name of a portal: small letters, digits, - and _, at most 32"
        )
    if name in _RESERVED:
        raise ConfigurationError(f"{name!r} always means another portal: choose another name")
