"""The parameters of OAuth requests, read strictly, and the answers to requests that cannot be served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse

from b24_mcp.access import LEVELS, Level
from b24_mcp.access.caller import level_of

NOT_STORED = {"cache-control": "no-store", "pragma": "no-cache"}
MAX_QUERY = 8_192
_MAX_FIELDS = 40
_OURS = "b24:"
_PORTAL = "b24:portal:"
Code = Literal[
    "access_denied",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "invalid_target",
    "request_not_supported",
    "server_error",
    "temporarily_unavailable",
    "unsupported_grant_type",
    "unsupported_response_type",
    "unsupported_token_type",
]


class OAuthError(Exception):
    """An error of OAuth 2.1 with its code; the message is for the developer of the client."""

    def __init__(self, code: Code, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code: Code = code
        self.status = status

    def response(self, headers: Mapping[str, str] | None = None) -> JSONResponse:
        """Return the error as the answer to a client (RFC 6749, 5.2)."""
        content = {"error": self.code, "error_description": str(self)}
        return JSONResponse(content, self.status, {**NOT_STORED, **(headers or {})})


def read_query(request: Request) -> dict[str, str]:
    """Return the parameters in an address.

    Raises:
        OAuthError: when a parameter is given twice, or the query cannot be read.
    """
    query = request.scope.get("query_string", b"")
    return _parameters(query)


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form.

    Raises:
        OAuthError: when the body is no form, a field is given twice, or it cannot be read.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise OAuthError("invalid_request", "The body must be application/x-www-form-urlencoded.")
    return _parameters(await request.body())


def _parameters(encoded: bytes) -> dict[str, str]:
    if len(encoded) > MAX_QUERY:
        raise OAuthError("invalid_request", "The request is too long.")
    try:
        text = encoded.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise OAuthError("invalid_request", "The parameters cannot be read.") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found and not (name == "resource" and found[name] == value):
            raise OAuthError("invalid_request", f"The parameter {name[:40]!r} is given twice.")
        found[name] = value
    # A parameter without a value counts as left out (RFC 6749, 3.1).
    return {name: value for name, value in found.items() if value}


def check_resource(asked: str | None, resource: str) -> None:
    """Check that tokens are asked for this server (RFC 8707). The address may have the query that narrows it.

    Raises:
        OAuthError: for another resource.
    """
    if asked is None:
        return
    try:
        one, ours = urlsplit(asked), urlsplit(resource)
        is_same = (one.scheme.lower(), one.netloc.lower(), one.path.rstrip("/")) == (
            ours.scheme,
            ours.netloc.lower(),
            ours.path,
        )
    except ValueError:
        is_same = False
    if not is_same or "#" in asked:
        raise OAuthError("invalid_target", f"This server gives access to {resource} only.")


def asked_level(scope: str | None, portal: str) -> Level | None:
    """Return the level that scopes ask for; None when they name none. Scopes of others, such as `openid`, are ignored.

    Raises:
        OAuthError: for an unknown scope of this server, or another portal than that of the person.
    """
    names = (scope or "").split()
    for name in names:
        if name.startswith(_PORTAL) and name != _PORTAL + portal:
            raise OAuthError("invalid_scope", f"The person has no access to the portal of {name[:80]!r}.")
        if name.startswith(_OURS) and not name.startswith(_PORTAL) and name.removeprefix(_OURS) not in LEVELS:
            raise OAuthError("invalid_scope", f"There is no scope {name[:80]!r}.")
    return level_of(names)
