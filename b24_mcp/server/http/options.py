"""What serving over HTTP was asked to be, refused here when it would not be safe."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from b24_mcp.config.settings import Settings, SettingsError
from b24_mcp.server.http.connections import ConnectionLimits, connections_allowed

PATH = "/mcp"
_SHORTEST_SECRET = 32
_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Issuer:
    """The authorization server whose access tokens count, and the audience they must be issued for."""

    name: str
    jwks: str
    audience: str


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """Everything decided before the first request. At most one of `token` and `issuer` is set.

    `host` and `port` say where to listen, `url` is the address clients use if that is another one; `body` counts bytes
    of one request, `grace` seconds. With `sessions`, a client of an older protocol is to come back to the same process.
    """

    host: str = "127.0.0.1"
    port: int = 8024
    url: str | None = None
    token: str | None = None
    issuer: Issuer | None = None
    keys: tuple[str, ...] = ()
    calls: int = 256
    calls_per_caller: int = 32
    sessions: bool = False
    body: int = 4 << 20
    grace: int = 30
    connections: ConnectionLimits = field(default_factory=ConnectionLimits)

    @classmethod
    def of(cls, settings: Settings, host: str, port: int) -> HttpOptions:
        """Put the settings together.

        Raises:
            SettingsError: when others than this computer could come in without a token, or a setting is not usable.
        """
        token = settings.http_token.get_secret_value() if settings.http_token else None
        keys = settings.http_key.get_secret_value().split(",") if settings.http_key else []
        if token is not None:
            _check_secret("B24_HTTP_TOKEN", token)
        for key in keys:
            _check_secret("B24_HTTP_KEY", key)
        if settings.http_url is not None:
            _check_address("B24_HTTP_URL", settings.http_url)
            if not urlsplit(settings.http_url).path.endswith(PATH):
                raise SettingsError(f"B24_HTTP_URL must end with {PATH}, as clients are given it")
        options = cls(
            host=host,
            port=port,
            url=settings.http_url,
            token=token,
            issuer=_issuer(settings),
            keys=tuple(keys),
            calls=settings.http_calls,
            calls_per_caller=settings.http_calls_per_caller,
            sessions=settings.http_sessions,
            body=settings.http_body << 20,
            grace=settings.http_grace,
            connections=ConnectionLimits(
                connections_allowed(settings.http_connections),
                settings.http_connections_per_address,
                settings.http_receive,
            ),
        )
        options._check_who_may_come_in()
        return options

    def hosts(self) -> list[str]:
        """The values of the header Host that a request may carry; `:*` stands for any port.

        A page that a browser loaded from elsewhere can make a name of its own point here; the header tells.
        """
        if self.url is None or _is_loopback(self.url):
            return [name + port for name in _LOOPBACK_NAMES for port in ("", ":*")]
        parts = urlsplit(self.url)
        if parts.port is not None:
            return [parts.netloc.lower()]
        return [parts.netloc, f"{parts.netloc}:{443 if parts.scheme == 'https' else 80}"]

    def origins(self) -> list[str]:
        """The values of the header Origin, which only browsers send, that a request may carry."""
        scheme = "http" if self.url is None else urlsplit(self.url).scheme
        return [f"{scheme}://{host}" for host in self.hosts()]

    def _check_who_may_come_in(self) -> None:
        if self.token is not None and self.issuer is not None:
            raise SettingsError("Set either B24_HTTP_TOKEN or B24_HTTP_ISSUER, not both")
        open_to_others = [where for where in (self.host, self.url) if where and not _is_loopback(where)]
        if not open_to_others:
            return
        where = open_to_others[0]
        if self.token is None and self.issuer is None:
            raise SettingsError(
                f"{where} is not this computer only, so clients must show who they are: set B24_HTTP_TOKEN, or "
                "B24_HTTP_ISSUER and B24_HTTP_JWKS for OAuth"
            )
        if self.url is None:
            raise SettingsError(
                f"{where} is not this computer only: set B24_HTTP_URL to the address clients use, so that requests "
                "under any other name are refused"
            )


def _issuer(settings: Settings) -> Issuer | None:
    if settings.http_issuer is None:
        if settings.http_jwks or settings.http_audience:
            raise SettingsError("B24_HTTP_JWKS and B24_HTTP_AUDIENCE need B24_HTTP_ISSUER")
        return None
    if settings.http_jwks is None:
        raise SettingsError("B24_HTTP_ISSUER needs B24_HTTP_JWKS, the address where the issuer publishes its keys")
    if settings.http_url is None:
        raise SettingsError("B24_HTTP_ISSUER needs B24_HTTP_URL, the address clients use: it is the resource of OAuth")
    _check_address("B24_HTTP_ISSUER", settings.http_issuer)
    _check_address("B24_HTTP_JWKS", settings.http_jwks)
    return Issuer(settings.http_issuer, settings.http_jwks, settings.http_audience or settings.http_url)


def _check_secret(name: str, secret: str) -> None:
    if len(secret) < _SHORTEST_SECRET or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise SettingsError(
            f"{name} must be at least {_SHORTEST_SECRET} ASCII characters without spaces; `openssl rand -hex 32` "
            "makes some"
        )


def _check_address(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        whole = False
    if not whole or parts.username is not None or parts.query or parts.fragment:
        raise SettingsError(f"{name} must be an address such as https://mcp.example.com{PATH}, with nothing after it")
    if parts.scheme == "http" and not _is_loopback(url):
        raise SettingsError(f"{name} must begin with https, or tokens could be read and keys replaced on the way")


def _is_loopback(host_or_url: str) -> bool:
    host = (urlsplit(host_or_url).hostname or "") if "://" in host_or_url else host_or_url
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
