"""The addresses of this server for browsers, its cookies, and the check that a form comes from one of its pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from b24_mcp.server.http.options import PATH
from b24_mcp.texts import Language

LOGIN, CALLBACK, LOGOUT, APPROVE = "/login", "/login/callback", "/logout", "/approve/"
_OWN_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,2499}")
"""A path and query of this server: ASCII without spaces and backslashes, and no second slash at the beginning."""
_ENCODED_SLASH = re.compile(r"/%(?:2f|5c|0[9ad]|09)", re.IGNORECASE)
_LARGEST_FORM = 16 << 10


@dataclass(frozen=True, slots=True)
class OwnAddress:
    """The address of this server for browsers: `B24_HTTP_URL` without `/mcp`."""

    base: str

    @classmethod
    def of(cls, url: str) -> OwnAddress:
        """Return the address of a server whose clients use `url`."""
        return cls(url.rstrip("/").removesuffix(PATH))

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the server over TLS."""
        return urlsplit(self.base).scheme == "https"

    @property
    def origin(self) -> str:
        """The origin that browsers send with a form."""
        parts = urlsplit(self.base)
        default = 443 if self.is_https else 80
        port = "" if parts.port in (None, default) else f":{parts.port}"
        host = parts.hostname or ""
        return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"

    def to(self, path: str) -> str:
        """Return the whole address of a path of this server."""
        return self.base + path

    def cookie_name(self, name: str) -> str:
        """Return the name of a cookie. Over TLS its prefix keeps other hosts of the domain from setting it."""
        return f"__Host-{name}" if self.is_https else name

    def set_cookie(self, response: Response, name: str, value: str, seconds: float) -> None:
        """Set a cookie that scripts cannot read and that other sites send with links only."""
        response.set_cookie(
            self.cookie_name(name), value, round(seconds), path="/", secure=self.is_https, httponly=True, samesite="lax"
        )

    def delete_cookie(self, response: Response, name: str) -> None:
        """Delete a cookie."""
        self.set_cookie(response, name, "", 0)

    def sends(self, request: Request) -> bool:
        """Whether the headers of a browser show that a form was sent from a page of this server."""
        origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
        if origin is None and site is None:
            return False
        return origin in (None, self.origin) and site in (None, "same-origin")


def own_path(text: str | None) -> str:
    """Return a path of this server to go back to. Anything that could lead elsewhere, or to the login, is `/`."""
    if text is None or not _OWN_PATH.fullmatch(text) or _ENCODED_SLASH.match(text):
        return "/"
    path = text.partition("?")[0].partition("#")[0]
    leads_elsewhere = {".", ".."} & set(path.split("/")) or path.rstrip("/") in (LOGIN, CALLBACK, LOGOUT)
    return "/" if leads_elsewhere else text


async def read_form(request: Request) -> Mapping[str, str]:
    """Return the fields of a sent form; none when it is too large or not a form."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        return {}
    body = b""
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > _LARGEST_FORM:
                return {}
        return dict(parse_qsl(body.decode(), max_num_fields=50))
    except (ClientDisconnect, ValueError):
        return {}


def language_of(request: Request, usual: str = "en") -> Language:
    """Return the language that a browser prefers among those of the pages; `usual` when it prefers neither."""
    wanted = []
    for position, part in enumerate(request.headers.get("accept-language", "")[:500].split(",")):
        name, _, quality = part.strip().partition(";q=")
        language = name.lower().partition("-")[0]
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        if language in ("en", "ru") and weight > 0:
            wanted.append((-weight, position, language))
    best = min(wanted)[2] if wanted else usual
    return "ru" if best == "ru" else "en"
