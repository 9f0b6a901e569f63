"""The redirect addresses of clients: which can be registered, which a request can name, and how a person sees it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

MAX_LENGTH = 2_000
LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""The hosts of native applications, to which a redirect stays on the computer of the browser (RFC 8252, 7.3)."""

_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+", re.ASCII)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
# Schemes that a browser or the operating system handles itself, or that are no private-use schemes of an application.
_SYSTEM_SCHEMES = (
    "about blob chrome content data dict facetime file filesystem ftp ftps geo gopher intent irc jar javascript ldap "
    "mailto market ms-msdt news nntp res rtsp search-ms sftp shell sip smb sms ssh tel telnet urn vbscript view-source "
    "ws wss xmpp"
)
_FORBIDDEN = frozenset(_SYSTEM_SCHEMES.split())
_OURS = frozenset(("code", "state", "iss", "error", "error_description"))
Kind = Literal["web", "computer", "application"]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a redirect address leads: a web site, a program on the computer of the browser, or the application that
    opens the addresses of a scheme. `name` is the host, or the scheme.
    """

    kind: Kind
    name: str


def problem_with(uri: object) -> str | None:
    """Return why an address cannot be a redirect address; None when it can."""
    if not isinstance(uri, str) or not 0 < len(uri) <= MAX_LENGTH:
        return f"a redirect address is a text of at most {MAX_LENGTH} characters"
    if not _CHARACTERS.fullmatch(uri):
        return "a redirect address has no fragment, no spaces and only the characters of an address"
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return "the redirect address cannot be parsed"
    if not _SCHEME.fullmatch(uri.partition(":")[0]) or not parts.scheme:
        return "a redirect address begins with a scheme in lower case"
    if "@" in parts.netloc:
        return "a redirect address names no user"
    if any(part in (".", "..") for part in unquote(unquote(parts.path)).replace("\\", "/").split("/")):
        return "the path of a redirect address has no dot segments"
    if any(name in _OURS for name, _value in parse_qsl(parts.query, keep_blank_values=True)):
        return "the query of a redirect address holds no parameter of an answer, such as code or state"
    return _problem_with_scheme(parts)


def _problem_with_scheme(parts: SplitResult) -> str | None:
    if parts.scheme in ("http", "https"):
        if not parts.hostname or "%" in parts.netloc:
            return "the redirect address has no host"
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            return "a redirect address with http leads to 127.0.0.1, [::1] or localhost; other hosts need https"
        return None
    if parts.scheme in _FORBIDDEN or parts.scheme.startswith(("ms-", "x-apple")):
        return f"the scheme {parts.scheme} cannot be used for a redirect address"
    return None


def is_registered(asked: str, registered: Iterable[str]) -> bool:
    """Whether a client may use this address: equal to a registered one, for loopback with any port (RFC 8252, 7.3)."""
    known = tuple(registered)
    return problem_with(asked) is None and (
        asked in known or (is_loopback(asked) and _without_port(asked) in {_without_port(one) for one in known})
    )


def is_loopback(uri: str) -> bool:
    """Whether the redirect stays on the computer of the browser."""
    parts = urlsplit(uri)
    return parts.scheme == "http" and parts.hostname in LOOPBACK


def _without_port(uri: str) -> str:
    """Return a loopback address without its port, otherwise unchanged. Another address is returned as it is."""
    if not is_loopback(uri):
        return uri
    scheme, _, rest = uri.partition("://")
    end = next((at for at, letter in enumerate(rest) if letter in "/?"), len(rest))
    return f"{scheme}://{re.sub(r':[0-9]*$', '', rest[:end])}{rest[end:]}"


def with_parameters(uri: str, **parameters: str | None) -> str:
    """Return a redirect address with the parameters of an answer. What it had before is kept as it was."""
    given = urlencode({name: value for name, value in parameters.items() if value is not None})
    return f"{uri}{'&' if '?' in uri else '?'}{given}"


def destination_of(uri: str) -> Destination:
    """Return where a redirect address leads, for the person."""
    parts = urlsplit(uri)
    if is_loopback(uri):
        return Destination("computer", parts.netloc)
    if parts.scheme == "https":
        return Destination("web", parts.netloc)
    return Destination("application", f"{parts.scheme}:")


def form_sources(uri: str) -> list[str]:
    """Return the sources of the policy `form-action` that lets a form end at this address.

    Browsers compare each redirect after a form with the policy, also those that the client adds. So web sites and this
    computer are allowed as a whole, and of private schemes only that of the client. A policy cannot name `[::1]`.
    """
    parts = urlsplit(uri)
    own = ["http:"] if parts.hostname == "::1" else [] if parts.scheme in ("http", "https") else [f"{parts.scheme}:"]
    return ["'self'", "https:", "http://127.0.0.1:*", "http://localhost:*", *own]
