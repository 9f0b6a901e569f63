"""The proxy for requests to a portal, from the environment or the operating system."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from b24_mcp.rest.pasted import cleaned

_SCHEMES = {"socks": "socks5"}
"""Other names of schemes. GNOME and some programs for proxies write `socks`."""
_SIGNS_BETWEEN = re.compile(r"[\s,;]+")


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
    proxies = {name: cleaned(value) for name, value in getproxies().items()}
    scheme = "https" if proxies.get("https") else "all"
    value = proxies.get(scheme)
    if not value or _is_bypassed(host, proxies.get("no", "")):
        return None
    variable = _variable(f"{scheme}_proxy")
    url = value if "://" in value else f"http://{value}"
    scheme, _, rest = url.partition("://")
    url = f"{_SCHEMES.get(scheme.lower(), scheme.lower())}://{rest}"
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


def _is_bypassed(host: str, listed: str) -> bool:
    """Whether a host is reached without a proxy. Entries that cannot be read are skipped."""
    host = host.lower().strip("[]").rstrip(".")
    try:
        if proxy_bypass(host):
            return True
    except (ValueError, OSError):
        pass
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    entries = filter(None, map(cleaned, _SIGNS_BETWEEN.split(listed)))
    return any(_matches(entry.lower(), host, address) for entry in entries)


def _matches(entry: str, host: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    """Whether an entry names the host: a name, a domain with `.` or `*.` before it, an address or a network."""
    entry = entry.rpartition("://")[2]
    if entry == "*":
        return True
    name = _without_port(entry)
    if address is not None:
        try:
            return address in ipaddress.ip_network(name, strict=False)
        except ValueError:
            return False
    domain = name.removeprefix("*").lstrip(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _without_port(entry: str) -> str:
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    name, _, port = entry.rpartition(":")
    return name if port.isdecimal() and ":" not in name else entry
