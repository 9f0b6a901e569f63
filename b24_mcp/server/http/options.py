"""The options of serving over HTTP. Unsafe combinations are refused here."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from b24_mcp.config.login import login_problems
from b24_mcp.config.settings import Settings, SettingsError
from b24_mcp.server.http.connections import ConnectionLimits, connections_allowed

PATH = "/mcp"
_MIN_SECRET_LENGTH = 32
_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_CONTAINER_NAMES = (
    "host.docker.internal",
    "gateway.docker.internal",
    "host.containers.internal",
    "host.lima.internal",
    "host.orb.internal",
    "host.rancher-desktop.internal",
    "host.minikube.internal",
)
"""Names by which a container reaches the computer it runs on. `internal` is reserved for private networks."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """The authorization server whose access tokens are accepted, and the audience they must be issued for."""

    name: str
    jwks: str
    audience: str


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """The options of an HTTP server. At most one of `token`, `issuer` and `login` is set.

    The server listens on `host` and `port`; `url` is the address that clients use when it differs. With
    `login`, people log in through Bitrix24 at this server, which gives clients their tokens. `body` and
    `upload` are the maximum sizes of a request and of an uploaded file in bytes, `grace` is in seconds. With
    `sessions`, clients of older protocols have to return to the same process. `proxies` are the addresses and networks
    of proxies that may name the address of a client.
    """

    host: str = "127.0.0.1"
    port: int = 8024
    url: str | None = None
    token: str | None = None
    issuer: Issuer | None = None
    login: bool = False
    keys: tuple[str, ...] = ()
    calls: int = 256
    calls_per_caller: int = 32
    sessions: bool = False
    body: int = 4 << 20
    upload: int = 100 << 20
    grace: int = 30
    proxies: tuple[str, ...] = ()
    connections: ConnectionLimits = field(default_factory=ConnectionLimits)

    @classmethod
    def of(cls, settings: Settings, host: str, port: int) -> HttpOptions:
        """Return the options that the settings describe.

        Raises:
            SettingsError: when other computers could connect without a token, or a setting cannot be used.
        """
        token = settings.http_token.get_secret_value() if settings.http_token else None
        keys = settings.http_key.get_secret_value().split(",") if settings.http_key else []
        if token is not None:
            _check_secret("B24_HTTP_TOKEN", token)
        for key in keys:
            _check_secret("B24_HTTP_KEY", key)
        if settings.http_url is not None:
            _check_address("B24_HTTP_URL", settings.http_url, local=(*_LOOPBACK_NAMES, *_CONTAINER_NAMES))
            if not urlsplit(settings.http_url).path.endswith(PATH):
                raise SettingsError(f"B24_HTTP_URL must end with {PATH}: it is the complete address that clients use")
        for problem in login_problems(settings):
            raise SettingsError(problem)
        options = cls(
            host=host,
            port=port,
            url=settings.http_url,
            token=token,
            issuer=_issuer(settings),
            login=settings.http_login is not None,
            keys=tuple(keys),
            calls=settings.http_calls,
            calls_per_caller=settings.http_calls_per_caller,
            sessions=settings.http_sessions,
            body=settings.http_body << 20,
            upload=settings.http_upload << 20,
            grace=settings.http_grace,
            proxies=settings.http_proxies,
            connections=ConnectionLimits(
                connections_allowed(settings.http_connections),
                settings.http_connections_per_address,
                settings.http_receive,
            ),
        )
        options._check_exposure()
        return options

    def hosts(self) -> list[str]:
        """Return the allowed values of the header Host; `:*` stands for any port.

        The check protects against DNS rebinding, where a foreign web page makes its own host name point to this server.
        """
        if self.url is None or _is_loopback(self.url):
            return [name + port for name in _LOOPBACK_NAMES for port in ("", ":*")]
        parts = urlsplit(self.url)
        if parts.hostname in _CONTAINER_NAMES:  # programs outside the containers use the server as well
            names = (*_LOOPBACK_NAMES, parts.hostname)
            return [name + port for name in names for port in ("", ":*")]
        if parts.port is not None:
            return [parts.netloc.lower()]
        return [parts.netloc, f"{parts.netloc}:{443 if parts.scheme == 'https' else 80}"]

    @property
    def exchange_address(self) -> str | None:
        """The address under which files are exchanged with other computers; None when clients are on this one."""
        return None if self.url is None or _is_loopback(self.url) else self.url

    def origins(self) -> list[str]:
        """Return the allowed values of the header Origin, which only browsers send."""
        scheme = "http" if self.url is None else urlsplit(self.url).scheme
        return [f"{scheme}://{host}" for host in self.hosts()]

    def _check_exposure(self) -> None:
        if self.token is not None and self.issuer is not None:
            raise SettingsError("Set either B24_HTTP_TOKEN or B24_HTTP_ISSUER, not both")
        if self.login and (self.token is not None or self.issuer is not None):
            raise SettingsError("Set B24_HTTP_LOGIN, or one of B24_HTTP_TOKEN and B24_HTTP_ISSUER, not both")
        exposed = [where for where in (self.host, self.url) if where and not _is_loopback(where)]
        if not exposed:
            return
        where = exposed[0]
        if self.token is None and self.issuer is None and not self.login:
            raise SettingsError(
                f"{where} can be reached from other computers, so clients must authenticate: set B24_HTTP_TOKEN, or "
                "B24_HTTP_ISSUER and B24_HTTP_JWKS for OAuth, or B24_HTTP_LOGIN=bitrix24"
            )
        if self.url is None:
            raise SettingsError(
                f"{where} can be reached from other computers: set B24_HTTP_URL to the address clients use, so that "
                "requests with any other host name are refused"
            )


def _issuer(settings: Settings) -> Issuer | None:
    if settings.http_issuer is None:
        if settings.http_jwks or settings.http_audience:
            raise SettingsError("B24_HTTP_JWKS and B24_HTTP_AUDIENCE need B24_HTTP_ISSUER")
        return None
    if settings.http_jwks is None:
        raise SettingsError("B24_HTTP_ISSUER needs B24_HTTP_JWKS, the address of the keys of the issuer")
    if settings.http_url is None:
        raise SettingsError("B24_HTTP_ISSUER needs B24_HTTP_URL, the address clients use, as the resource of OAuth")
    _check_address("B24_HTTP_ISSUER", settings.http_issuer)
    _check_address("B24_HTTP_JWKS", settings.http_jwks)
    return Issuer(settings.http_issuer, settings.http_jwks, settings.http_audience or settings.http_url)


def _check_secret(name: str, secret: str) -> None:
    if len(secret) < _MIN_SECRET_LENGTH or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise SettingsError(
            f"{name} must be at least {_MIN_SECRET_LENGTH} ASCII characters without spaces; `openssl rand -hex 32` "
            "generates one"
        )


def _check_address(name: str, url: str, local: Sequence[str] = ()) -> None:
    """Check an address. `local` are names of this computer to which http is allowed, besides loopback addresses."""
    try:
        parts = urlsplit(url)
        is_complete = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        is_complete = False
    if not is_complete or parts.username is not None or parts.query or parts.fragment:
        raise SettingsError(
            f"{name} must be an address such as https://mcp.example.com{PATH}, without user, query or fragment"
        )
    if parts.scheme == "http" and not _is_loopback(url) and parts.hostname not in local:
        raise SettingsError(
            f"{name} must begin with https: over http, tokens could be read and keys replaced in transit"
        )


def _is_loopback(host_or_url: str) -> bool:
    host = (urlsplit(host_or_url).hostname or "") if "://" in host_or_url else host_or_url
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
