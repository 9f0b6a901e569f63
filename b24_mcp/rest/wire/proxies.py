"""The proxy for requests to a portal, from the environment or the operating system."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


@dataclass(frozen=True, slots=True)
class ProxyChoice:
    """A proxy. `variable` names the setting it comes from; `shown` is its host and port, without credentials."""

    variable: str
    shown: str
    url: str = field(repr=False)


def proxy_for(host: str) -> ProxyChoice | None:
    """Return the proxy for https requests to a host, or None. `HTTPS_PROXY` takes precedence over `ALL_PROXY`.

    Raises:
        ValueError: the value of a setting is not the address of a proxy; the message is the name of the setting.
    """
    proxies = getproxies()
    scheme = "https" if proxies.get("https") else "all"
    value = proxies.get(scheme)
    if not value or _is_bypassed(host, proxies):
        return None
    variable = _variable(f"{scheme}_proxy")
    url = value if "://" in value else f"http://{value}"
    if url.startswith("socks://"):
        url = "socks5" + url.removeprefix("socks")
    try:
        parts = urlsplit(url)
        name, port = parts.hostname, parts.port
    except ValueError:
        parts, name, port = urlsplit(""), None, None
    if not name or parts.scheme not in ("http", "https", "socks5", "socks5h"):
        raise ValueError(variable)
    return ProxyChoice(variable, f"{name}:{port}" if port else name, url)


def _variable(name: str) -> str:
    for spelling in (name.upper(), name):
        if os.environ.get(spelling):
            return spelling
    return "the proxy settings of the operating system"


def _is_bypassed(host: str, proxies: Mapping[str, str]) -> bool:
    try:
        if proxy_bypass(host):
            return True
        address = ipaddress.ip_address(host)
    except (ValueError, OSError):
        return False
    return any(_contains(entry.strip(), address) for entry in proxies.get("no", "").split(","))


def _contains(entry: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except ValueError:  # a host name
        return False
