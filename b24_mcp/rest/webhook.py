"""The address of a portal and the incoming webhook that opens it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from b24_mcp.rest.errors import B24Error, our_error

# People copy the address of the example call that the portal shows; one more part, a method name, is harmless.
# The same webhook opens both generations of the API, of which the newer has its methods under /rest/api/.
_PATH = re.compile(r"/rest/(?:api/)?(?P<user>[^/]+)/(?P<code>[^/]+)(?:/[A-Za-z0-9_.]*)?/?")
_CODE = re.compile(r"[A-Za-z0-9_-]+")
_USER = re.compile(r"[A-Za-z0-9_@-][A-Za-z0-9_.@-]*")
_HOST = re.compile(r"[^\s\x00-\x20/\\?#@%<>\"'`{}|^\[\]]+")
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Webhook:
    """An incoming webhook. `origin` is scheme, host and port; `user` the owner's id; `code` the secret.

    Source: documentation, local-integrations/local-webhooks.
    """

    origin: str
    user: str
    code: str = field(repr=False)

    @property
    def host(self) -> str:
        """The portal's host name with its port, fit to be shown."""
        return urlsplit(self.origin).netloc

    def is_at(self, address: str) -> bool:
        """Whether an address is on this very host and port, however they are written."""
        try:
            parts = urlsplit(address)
            host, port = parts.hostname, parts.port
        except ValueError:
            return False
        own = urlsplit(self.origin)
        return host == own.hostname and (port or _DEFAULT_PORTS.get(parts.scheme)) == (
            own.port or _DEFAULT_PORTS[own.scheme]
        )

    def moved_to(self, address: str) -> Webhook | None:
        """The same webhook at the host of an address the portal names, or None when that host is not surely its own.

        The cloud gives each portal a name under the domain of its zone, such as `bitrix24.de`, and renames it there.
        So a portal that is reached under such a domain over https may name another host under the same domain: both
        are the vendor's. On this computer any port will do. Anything else a person has to confirm.
        """
        try:
            parts = urlsplit(address)
            host, port = parts.hostname, parts.port
        except ValueError:
            return None
        if host is None or parts.scheme != urlsplit(self.origin).scheme or not _HOST.fullmatch(host):
            return None
        zone = _cloud_zone(urlsplit(self.origin).hostname or "")
        same_vendor = self.is_https and port is None and zone is not None and zone == _cloud_zone(host)
        if not same_vendor and not (self.is_loopback and _is_loopback(host)):
            return None
        return Webhook(_origin(parts.scheme, host, port), self.user, self.code)

    @property
    def is_https(self) -> bool:
        """Whether the way to the portal is encrypted."""
        return self.origin.startswith("https:")

    @property
    def is_loopback(self) -> bool:
        """Whether the portal is on this machine, where plain http is allowed and no proxy stands between."""
        return _is_loopback(urlsplit(self.origin).hostname or "")

    def address_of(self, method: str, suffix: str = "") -> str:
        """The address of a method: secret, so never shown. `suffix` is empty or `.xml`."""
        return f"{self.origin}/rest/{self.user}/{self.code}/{method}{suffix}"

    def v3_address_of(self, method: str) -> str:
        """The address of a method of REST 3.0, as secret. Source: documentation, api-reference/rest-v3."""
        return f"{self.origin}/rest/api/{self.user}/{self.code}/{method}"


def parse_webhook(text: str) -> Webhook:
    """Read the address a person configured.

    Raises:
        B24Error: `B24MCP_WEBHOOK`, saying what is wrong without repeating the secret; nothing was sent.
    """
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None  # raised below, away from an exception that quotes the address
    if parts.scheme not in ("https", "http") or not host or not _HOST.fullmatch(host):
        raise _refuse("it does not start with https:// and a host name")
    if parts.username is not None or parts.password is not None:
        raise _refuse("it holds a user name or password before the host")
    if parts.scheme == "http" and not _is_loopback(host):
        raise _refuse("it uses http: a webhook goes over https, except to this very computer")
    if parts.query or parts.fragment:
        raise _refuse("it has something after ? or #")
    match = _PATH.fullmatch(parts.path)
    if match is None or not _CODE.fullmatch(match["code"]):
        raise _refuse("its path is not /rest/USER_ID/CODE/")
    if not _USER.fullmatch(match["user"]):
        raise _refuse("the part after /rest/ is not a user id")
    return Webhook(_origin(parts.scheme, host, port), match["user"], match["code"])


def _refuse(why: str) -> B24Error:
    return our_error("B24MCP_WEBHOOK", f"B24_WEBHOOK_URL is not an incoming webhook: {why}.")


def _origin(scheme: str, host: str, port: int | None) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + (f":{port}" if port else "")


def _cloud_zone(host: str) -> str | None:
    """The domain of a zone of the cloud a host belongs to, or None. Websites people build there have other domains."""
    match = re.fullmatch(r"[a-z0-9-]+\.(bitrix24\.(?:[a-z]{2}|com|com\.[a-z]{2}))", host.lower())
    return match[1] if match else None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
