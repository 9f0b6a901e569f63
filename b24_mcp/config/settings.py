"""The settings, as types. `b24_mcp.config.environment` reads them as text."""

from __future__ import annotations

import os
from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from b24_mcp.config.environment import absolute_path, read_setting_texts
from b24_mcp.config.errors import SettingsError
from b24_mcp.config.tool_groups import tools_named
from b24_mcp.storage.folders import KINDS, FolderError, user_folder

__all__ = [
    "RISK_KINDS",
    "AccessLevel",
    "PlanName",
    "RiskKind",
    "Settings",
    "SettingsError",
    "load_settings",
    "parse_risks",
]

AccessLevel = Literal["read", "write", "full"]
PlanName = Literal["basic", "enterprise", "none"]
RiskKind = Literal["outside", "rights", "money", "code"]
RISK_KINDS: tuple[RiskKind, ...] = get_args(RiskKind)


class Settings(BaseModel):
    """The settings. The variable of each is `B24_` and its name in capitals. An empty value means unset.

    Paths are absolute; they may begin with `~`.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    webhook_url: SecretStr | None = None
    """The portal and its incoming webhook. Without any portal, calls go to the sandbox."""
    portal: str | None = None
    """The address of a portal whose credential is a login (`b24-mcp login`) instead of a webhook."""
    client_id: str | None = None
    """The client id of the application that requests the login."""
    client_secret: SecretStr | None = None
    """The secret key of that application. It is sent to the authorization server only."""
    oauth_server: str | None = None
    """An authorization server other than those of Bitrix24's cloud. Only this setting can name it; a portal cannot."""
    ca_bundle: Path | None = None
    """A PEM file of authorities to trust in addition to those of the operating system."""
    plan: PlanName = "basic"
    """The rate limits of the portal: `basic`, `enterprise`, or `none` for a self-hosted portal."""
    state: str | None = None
    """The store of the rate limits that processes share: an address of Redis, a file, or `memory`.

    Default: a file in the user's state folder.
    """
    records: str | None = None
    """The address of a PostgreSQL database for the data sets, which several servers share: `postgresql://…`.

    Default: SQLite files in the data folder.
    """
    data_dir: Path | None = None
    """The folder of data sets, the documentation and indexes. Default: the user's data folder."""
    docs: str = "auto"
    """The official documentation: `auto` downloads it from GitHub when it is needed first and renews it weekly, `off`
    downloads nothing. A folder or archive is read instead, and an address (https) of a server with copies of both
    repositories replaces GitHub.
    """
    records_ttl: float = Field(default=30.0, ge=0)
    """Days after which a data set is removed; 0 for never."""
    files_dir: str | None = None
    """The folders in which a model may have files read and written, separated as in PATH.

    Default: `Bitrix24` in the documents folder of the user.
    """
    timeout: float = Field(default=65.0, gt=0, le=3600)
    """The timeout of one request in seconds, within the deadline. The portal itself ends a request after 60."""
    deadline: float = Field(default=55.0, gt=0, le=86_400)
    """The deadline of a whole call in seconds. Clients give up after 60."""
    largest_answer: int = Field(default=64, ge=1, le=2_048)
    """The largest response of the portal in megabytes. A larger one is refused while it is received."""
    budget: int = Field(default=20_000, ge=1_000)
    """The largest answer of a tool in characters."""
    config: Path | None = None
    """The file of portals. Default: `portals.toml` in the user's configuration folder."""
    default_portal: str | None = None
    """The portal of calls that name none: a portal in that file, or `sandbox`."""
    keep_secrets: Literal["auto", "keyring", "file"] = "auto"
    """The store of secrets for the portals in that file. `auto` is the keyring where there is one."""

    http_url: str | None = None
    """The address of this server over HTTP, such as `https://mcp.example.com/mcp`. Unset: loopback only."""
    http_token: SecretStr | None = None
    """The bearer token that all clients send."""
    http_issuer: str | None = None
    """OAuth instead of one token: the issuer of the access tokens, exactly as the tokens name it."""
    http_jwks: str | None = None
    """The address at which the issuer publishes its keys."""
    http_audience: str | None = None
    """The audience that a token must have. Default: `http_url`."""
    http_login: Literal["bitrix24"] | None = None
    """How people log in to this server: `bitrix24` sends each to the login of their portal. They act as themselves."""
    http_roles: str | None = None
    """The access levels of people who log in, by their roles, such as `admin=full,department:5=read,*=write`."""
    http_client_documents: bool = True
    """Whether a client that logs in may name the address of a document about itself, which the server then fetches."""
    http_key: SecretStr | None = None
    """The key that seals the state between a question and its answer. Servers behind one load balancer share it.

    `NEW,OLD` rotates it.
    """
    http_calls: int = Field(default=256, ge=1)
    """The number of concurrent calls. Further calls are refused."""
    http_calls_per_caller: int = Field(default=32, ge=1)
    """The number of concurrent calls of each caller that an OAuth token identifies."""
    http_proxies: tuple[str, ...] = ()
    """The addresses and networks of proxies, separated by commas. Their header `X-Forwarded-For` names the client."""
    http_sessions: bool = False
    """Whether clients from before 2026-07-28 get a session, in which the server can ask for an approval."""
    http_body: int = Field(default=4, ge=1, le=1_024)
    """The largest request in megabytes."""
    http_upload: int = Field(default=100, ge=1, le=10_240)
    """The largest uploaded file in megabytes."""
    http_grace: int = Field(default=30, ge=0, le=3_600)
    """Seconds that running calls have to finish when the server stops."""
    log: Literal["text", "json"] = "text"
    """The form of the log lines of a server over HTTP."""
    http_receive: float = Field(default=30.0, ge=1, le=3_600)
    """Seconds in which a whole request, headers included, has to arrive, and a client has to read its response."""
    http_connections: int = Field(default=512, ge=1)
    """The number of concurrent connections. It is lower where the process may not open so many files."""
    http_connections_per_address: int = Field(default=256, ge=1)
    """The number of concurrent connections from each address except those of this computer."""

    @property
    def has_portal(self) -> bool:
        """Whether the environment configures a portal of its own."""
        return self.webhook_url is not None or self.portal is not None or self.client_id is not None

    access: AccessLevel = "write"
    """The level of access: only read; write, and delete with approval; or everything without approval."""
    allow: tuple[str, ...] = ()
    """Globs over method names, separated by commas. If there are any, no other methods are allowed."""
    deny: tuple[str, ...] = ()
    """Globs over the names of methods that are never allowed, separated by commas."""
    approval: Literal["ask", "off"] = "ask"
    """Whether the user is asked for approval at level `write`."""
    approval_writes: int = Field(default=50, ge=0)
    """The number of writes, in a batch or within ten minutes, above which approval is needed."""
    risks: tuple[RiskKind, ...] = RISK_KINDS
    """The kinds of risk that need approval at level `write`, separated by commas; `none` for no kind."""
    tools: tuple[str, ...] = ()
    """The tools that clients get: groups and names of tools, separated by commas. Empty: all tools."""
    audit: str | None = None
    """The folder of the audit log, or `off`. Default: a folder in the user's state folder."""
    audit_values: bool = False
    """Whether the audit log holds the values of fields too, not only their names."""
    stats: bool = True
    """Whether refusals and errors are counted by method and code in the data folder."""

    @field_validator("allow", "deny", "http_proxies", mode="before")
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("risks", mode="before")
    @classmethod
    def _parse_risks(cls, value: object) -> object:
        return parse_risks(value.split(",")) if isinstance(value, str) else value

    @field_validator("http_proxies")
    @classmethod
    def _check_proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            try:
                ip_network(text, strict=False)
            except ValueError:
                raise PydanticCustomError(
                    "proxies", "{text} is neither an IP address nor a network such as 10.0.0.0/8", {"text": text[:60]}
                ) from None
        return value

    @field_validator("http_roles")
    @classmethod
    def _check_roles(cls, value: str | None) -> str | None:
        from b24_mcp.config.roles import parse_roles  # only for a server where people log in

        try:
            parse_roles(value, "read")
        except ValueError as exc:
            raise PydanticCustomError("roles", "{problem}", {"problem": str(exc)}) from None
        return value

    @field_validator("tools", mode="before")
    @classmethod
    def _parse_tools(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return tools_named(value.split(","))
        except ValueError as exc:
            raise PydanticCustomError("tools", "{problem}", {"problem": str(exc)}) from None

    @field_validator("ca_bundle", "data_dir", "config", mode="before")
    @classmethod
    def _absolute(cls, value: object, info: ValidationInfo) -> object:
        return absolute_path(_variable(info.field_name), value) if isinstance(value, str) else value

    @field_validator("state", "audit", mode="before")
    @classmethod
    def _absolute_unless_a_word(cls, value: object, info: ValidationInfo) -> object:
        word = {"state": "memory", "audit": "off"}[info.field_name or ""]
        if not isinstance(value, str) or value == word or (info.field_name == "state" and "://" in value):
            return value
        return str(absolute_path(_variable(info.field_name), value))

    @field_validator("records")
    @classmethod
    def _records_address(cls, value: str | None) -> str | None:
        if value and not value.startswith(("postgresql://", "postgres://")):
            raise PydanticCustomError("records", "use an address that begins with postgresql://")
        return value or None

    @field_validator("docs", mode="before")
    @classmethod
    def _docs_source(cls, value: object) -> object:
        if not isinstance(value, str) or value.strip().lower() in ("auto", "off"):
            return value.strip().lower() if isinstance(value, str) else value
        if "://" not in value:
            return str(absolute_path("B24_DOCS", value))
        address = urlsplit(value)
        is_local = address.scheme == "http" and address.hostname in ("127.0.0.1", "::1", "localhost")
        if not address.hostname or address.username or address.query or not (address.scheme == "https" or is_local):
            raise PydanticCustomError(
                "docs", "use auto, off, the path of a folder or archive, or an address with https"
            )
        return value

    @field_validator("files_dir", mode="before")
    @classmethod
    def _each_absolute(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return os.pathsep.join(str(absolute_path("B24_FILES_DIR", part)) for part in value.split(os.pathsep) if part)

    @property
    def data_folder(self) -> Path:
        """`data_dir`, or the user's data folder."""
        return self.data_dir or user_folder("data")

    @property
    def dialect(self) -> Literal["SQLite", "PostgreSQL"]:
        """The dialect of SQL that data sets are queried in."""
        return "SQLite" if self.records is None else "PostgreSQL"

    def secrets(self) -> list[str]:
        """Return the values in the settings that are secret."""
        # Only the code in the webhook is a secret. The redactor gets it where the address is parsed.
        others = [value for name, value in self if isinstance(value, SecretStr) and name != "webhook_url"]
        found = [value.get_secret_value() for value in others]
        for address in (self.state, self.records):
            if address and "://" in address:
                found += _passwords_in(address)
        return [secret for secret in found if secret]


def _passwords_in(address: str) -> list[str]:
    """Return the passwords of an address, as they are written and as they are meant."""
    try:
        parts = urlsplit(address)
        written = [parts.password or "", *parse_qs(parts.query).get("password", ())]
    except ValueError:
        return [address]
    return [*written, *map(unquote, written)]


def _variable(field: str | None) -> str:
    return f"B24_{(field or '').upper()}"


_NAMES = frozenset(map(_variable, Settings.model_fields))


def parse_risks(words: Iterable[str]) -> tuple[RiskKind, ...]:
    """Return the kinds of risk that these words name, in their usual order. The single word `none` names no kind.

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
    """Read and validate the settings.

    Raises:
        SettingsError: with the name of the wrong setting and the reason.
    """
    texts = read_setting_texts(_NAMES)
    try:
        for kind in KINDS:
            user_folder(kind)
        return Settings.model_validate({name.removeprefix("B24_").lower(): text for name, text in texts.values.items()})
    except FolderError as exc:
        raise SettingsError(str(exc)) from None
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        problem = first["msg"].removeprefix("Value error, ")
        name = "_".join(("B24", *(str(part).upper() for part in first["loc"])))
        # Our own messages name the variable themselves.
        raise SettingsError(problem if problem.startswith(name) else f"{name}: {problem}") from None
