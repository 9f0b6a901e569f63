"""A scripted MCP client: it registers, logs a person in with a browser, and calls tools."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import ssl
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx

MODERN = "2026-07-28"
REDIRECT = "http://127.0.0.1:9/callback"
_HEADERS = {"content-type": "application/json", "accept": "application/json, text/event-stream"}


class RefusedError(Exception):
    """A request was not answered as expected. The text names the request and the status."""


@dataclass
class TeamClient:
    """A client of one person. `user` is the id on the portal; `url` is the address of nginx.

    Several clients may use the registration of one, `client_id`, as installations of one program do.
    """

    url: str
    ca: Path
    user: int
    client_id: str = ""
    token: str = ""
    http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        context = ssl.create_default_context(cafile=str(self.ca))
        self.http = httpx.AsyncClient(verify=context, trust_env=False, timeout=70)

    async def log_in(self, level: str | None = None) -> None:
        """Log the person in, allow the access, and exchange the code for a token. Register the client if necessary."""
        self.client_id = self.client_id or await self._registered()
        verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "resource": f"{self.url}/mcp",
            "scope": "b24:read b24:write" + (" b24:full" if level == "full" else ""),
        }
        page = await self._browse(f"{self.url}/oauth/authorize?{urlencode(query)}")
        answered = await self._send_form(page, {} if level is None else {"level": level})
        found = {name: values[0] for name, values in parse_qs(urlsplit(answered).query).items()}
        if found.get("state") != state or "code" not in found:
            raise RefusedError(f"the redirect to the client has no code: {sorted(found)}")
        tokens = await self._json(
            "POST",
            "/oauth/token",
            data={
                "grant_type": "authorization_code",
                "code": found["code"],
                "client_id": self.client_id,
                "code_verifier": verifier,
                "redirect_uri": REDIRECT,
                "resource": f"{self.url}/mcp",
            },
        )
        self.token = tokens["access_token"]

    async def _registered(self) -> str:
        """Register the client, and return its id."""
        answer = await self._json(
            "POST",
            "/oauth/register",
            json={
                "client_name": f"Script {self.user}",
                "redirect_uris": [REDIRECT],
                "token_endpoint_auth_method": "none",
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"],
            },
        )
        return str(answer["client_id"])

    async def call(self, tool: str, *, at: str | None = None, **arguments: Any) -> Any:
        """Call a tool through nginx, or at one of the servers. Return the answer as a model reads it.

        Raises:
            RefusedError: when there is no answer of a tool.
        """
        about = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
        params = {"name": tool, "arguments": arguments, "_meta": about}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        own = {"mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": tool}
        headers = _HEADERS | own | ({"authorization": f"Bearer {self.token}"} if self.token else {})
        try:
            response = await self.http.post(f"{at or self.url}/mcp", headers=headers, content=json.dumps(message))
        except httpx.HTTPError as exc:
            raise RefusedError(f"{tool}: {type(exc).__name__}") from None
        if response.status_code != 200:
            raise RefusedError(f"{tool}: HTTP {response.status_code}")
        text = response.text
        if response.headers["content-type"].startswith("text/event-stream"):
            text = [line[5:] for line in text.splitlines() if line.startswith("data:")][-1]
        return json.loads(json.loads(text)["result"]["content"][0]["text"])

    async def aclose(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    async def _browse(self, address: str) -> httpx.Response:
        """Open a page as a browser in which the person is logged in at the portal. Follow its redirects.

        Cookies of the portal and of the server are kept by their host and port, as separate computers would have them.
        """
        self._jars: dict[str, dict[str, str]] = getattr(self, "_jars", {})
        for _ in range(12):
            origin = "{0.scheme}://{0.netloc}".format(urlsplit(address))
            jar = self._jars.setdefault(origin, {} if origin == self.url else {"SANDBOX_USER": str(self.user)})
            response = await self._as_browser("GET", address, jar)
            if not response.is_redirect:
                return response
            address = urljoin(address, response.headers["location"])
        raise RefusedError("too many redirects")

    async def _as_browser(self, verb: str, address: str, jar: dict[str, str], **options: Any) -> httpx.Response:
        cookies = "; ".join(f"{name}={value}" for name, value in jar.items())
        headers = {"accept": "text/html", **options.pop("headers", {})} | ({"cookie": cookies} if cookies else {})
        self.http.cookies.clear()
        response = await self.http.request(verb, address, headers=headers, follow_redirects=False, **options)
        for value in response.headers.get_list("set-cookie"):
            name, _, rest = value.partition("=")
            content = rest.partition(";")[0]
            jar.pop(name, None)
            if content.strip('"') and "max-age=0" not in value.lower():
                jar[name] = content
        self.http.cookies.clear()
        return response

    async def _send_form(self, page: httpx.Response, chosen: dict[str, str]) -> str:
        """Allow the access on the page of consent. Return the address of the redirect to the client."""
        if page.status_code != 200 or "<form" not in page.text:
            raise RefusedError(f"there is no page of consent: HTTP {page.status_code} {_words(page.text)[:300]}")
        action = unescape(_found(r'<form[^>]*action="([^"]*)"', page.text))
        inputs = [dict(re.findall(r'([a-z-]+)="([^"]*)"', tag)) for tag in re.findall(r"<input[^>]*>", page.text)]
        form = {one["name"]: unescape(one["value"]) for one in inputs if one.get("type") == "hidden"}
        checked = re.search(r'<input type="radio"[^>]*value="(\w+)" checked', page.text)
        form |= {"answer": "allow", "level": "" if checked is None else checked[1]} | chosen
        headers = {"origin": self.url, "sec-fetch-site": "same-origin"}
        answer = await self._as_browser(
            "POST", urljoin(str(page.url), action), self._jars[self.url], data=form, headers=headers
        )
        if not answer.is_redirect:
            raise RefusedError(f"the consent was refused: HTTP {answer.status_code} {_words(answer.text)[:300]}")
        return answer.headers["location"]

    async def _json(self, verb: str, path: str, **options: Any) -> Any:
        response = await self.http.request(verb, self.url + path, **options)
        if not response.is_success:
            raise RefusedError(f"{path}: HTTP {response.status_code} {response.text[:300]}")
        return response.json()


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    return "" if match is None else match[1]


def _words(text: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<style.*?</style>", "", text))).split())
