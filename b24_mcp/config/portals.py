"""The file of portals and its entries.

The file is TOML. It has a table for each portal under `portals`, and `default`, the portal of calls that name none. It
holds no secret, so it can be versioned and shared.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_serializer, field_validator, model_validator

from b24_mcp.storage.files import write_private_file
from b24_mcp.storage.folders import make_private

if TYPE_CHECKING:
    import tomlkit

from b24_mcp.config.errors import ConfigurationError
from b24_mcp.config.settings import AccessLevel, PlanName, RiskKind, parse_risks

ENVIRONMENT = "environment"
"""The name of the portal that the environment or the settings file configures."""
SANDBOX = "sandbox"
"""The name of the portal that is part of this program."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_RESERVED = (ENVIRONMENT, SANDBOX)
_LISTS = ("allow", "deny", "risks")


class PortalSettings(BaseModel):
    """One portal. Its credential is an incoming webhook, or an OAuth application (`address` and `client_id`).

    A missing `plan`, `access` and so on comes from the settings. The settings can only restrict access further.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    webhook: Literal["kept", "env"] | None = None
    """`kept`: the webhook is in the store of secrets; `env`: it is in the variable `webhook_env`."""
    webhook_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    address: str | None = Field(default=None, pattern=r"^https?://[^/?#@\s]+/?$")
    client_id: str | None = None
    plan: PlanName | None = None
    access: AccessLevel | None = None
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    approval: Literal["ask", "off"] | None = None
    approval_writes: Annotated[int, Field(ge=0)] | None = None
    risks: tuple[RiskKind, ...] | None = None
    """The kinds of risk that need approval. In the file it is a list, `["none"]` for no kind."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_secrets(cls, values: object) -> object:
        if isinstance(values, dict):
            for name in ("webhook_url", "client_secret", "token"):
                if name in values:
                    raise ValueError(f"{name} is a secret and does not belong in this file: use b24-mcp portals add")
        return values

    @model_validator(mode="before")
    @classmethod
    def _refuse_empty_lists(cls, values: object) -> object:
        """Refuse `allow = []`: it looks like "nothing is allowed" and would mean the opposite."""
        if isinstance(values, dict):
            for name in _LISTS:
                given = values.get(name)
                if isinstance(given, list) and not any(str(entry).strip() for entry in given):
                    raise ValueError(f"{name} is a list without entries: add entries, or remove it")
        return values

    @field_validator("webhook", mode="before")
    @classmethod
    def _refuse_address(cls, value: object) -> object:
        if isinstance(value, str) and "://" in value:
            raise ValueError("a webhook is a secret and does not belong in this file: use b24-mcp portals add")
        return value

    @field_validator("risks", mode="before")
    @classmethod
    def _parse_risks(cls, value: object) -> object:
        return parse_risks(map(str, value)) if isinstance(value, list) else value

    @field_serializer("risks")
    def _serialize_risks(self, value: tuple[RiskKind, ...] | None) -> list[str] | None:
        return None if value is None else [*value] or ["none"]

    @model_validator(mode="after")
    def _require_one_credential(self) -> PortalSettings:
        if (self.webhook == "env") != (self.webhook_env is not None):
            raise ValueError('webhook = "env" and webhook_env go together')
        is_oauth = self.address is not None or self.client_id is not None
        if is_oauth and (self.address is None or self.client_id is None):
            raise ValueError("an OAuth application needs both address and client_id")
        if is_oauth == (self.webhook is not None):
            raise ValueError("a portal needs either webhook, or address and client_id")
        return self

    @property
    def is_oauth(self) -> bool:
        """Whether the credential is an OAuth application, not a webhook."""
        return self.client_id is not None


class _FileContent(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    default: str | None = None
    portals: dict[str, PortalSettings] = {}


class PortalFile:
    """The file of portals at `path`. A missing file has no portals. Changes keep its comments and order.

    Raises (constructor and every method that writes):
        ConfigurationError: when the file cannot be read or written, or its content is invalid.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._content = self._read()

    @property
    def portals(self) -> dict[str, PortalSettings]:
        """The portals by name, in the order of the file."""
        return self._content.portals

    @property
    def default(self) -> str | None:
        """The portal of calls that name none: the one that the file names, else the first."""
        return self._content.default or next(iter(self.portals), None)

    def add(self, name: str, portal: PortalSettings) -> None:
        """Write a portal, in place of one of the same name. The first portal becomes the default.

        Raises:
            ConfigurationError: for a name that cannot be used, or a file that cannot be written.
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
        """Remove a portal. When it was the default, the first one that is left becomes the default."""
        document = self._document()
        del document["portals"][name]
        left = list(document["portals"])
        if document.get("default") == name:
            document.remove("default")
            if left:
                document["default"] = left[0]
        self._write(document)

    def make_default(self, name: str) -> None:
        """Write which portal is the default."""
        document = self._document()
        document["default"] = name
        self._write(document)

    def _document(self) -> tomlkit.TOMLDocument:
        import tomlkit  # needed for changes only

        return tomlkit.parse(self._text())

    def _text(self) -> str:
        try:
            return self.path.read_text("utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError):
            raise ConfigurationError(f"{self.path} cannot be read") from None

    def _read(self) -> _FileContent:
        try:
            return self._validated(tomllib.loads(self._text()))
        except tomllib.TOMLDecodeError as exc:
            raise ConfigurationError(f"{self.path} is not valid TOML: {exc}") from None

    def _validated(self, document: Mapping[str, object]) -> _FileContent:
        try:
            content = _FileContent.model_validate(document)
        except ValidationError as exc:
            first = exc.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            problem = first["msg"].removeprefix("Value error, ")
            if first["type"] == "extra_forbidden":
                problem = f"this key does not exist{_suggestion(str(first['loc'][-1]))}"
            raise ConfigurationError(f"{self.path}: {place}: {problem}") from None
        for name in content.portals:
            check_name(name)
        if content.default is not None and content.default not in content.portals:
            raise ConfigurationError(f"{self.path}: default names {content.default!r}, which is not a portal in it")
        return content

    def _write(self, document: tomlkit.TOMLDocument) -> None:
        import tomlkit

        content = self._validated(document.unwrap())
        try:
            make_private(self.path.parent)
            # Resolved, so that a file that is a link stays one.
            write_private_file(self.path.resolve(), tomlkit.dumps(document).encode())
        except OSError as exc:
            raise ConfigurationError(f"{self.path} cannot be written: {exc.strerror}") from None
        self._content = content


def _suggestion(key: str) -> str:
    close = get_close_matches(key.lower(), [*PortalSettings.model_fields, *_FileContent.model_fields], 1, 0.6)
    return f", {close[0]} is probably meant" if close else ""


def check_name(name: str) -> None:
    """Check the name of a portal.

    Raises:
        ConfigurationError: when it has other characters than allowed, or is reserved.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name[:40]!r} cannot be the name of a portal: use small letters, digits, - and _, at most 32 characters"
        )
    if name in _RESERVED:
        raise ConfigurationError(f"{name!r} is reserved for another portal: choose another name")
