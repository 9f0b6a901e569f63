"""The identity of a client, registered here or described by its client-id document, and its proof at the token
endpoint.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from starlette.requests import Request

from b24_mcp.server.http.people.grants.clients import RegisteredClients
from b24_mcp.server.http.people.grants.parameters import OAuthError

DOCUMENT = "https://"
"""The prefix of the id of a client with a document. Ids of registered clients are random letters."""
_MAX_ID = 500


@dataclass(frozen=True, slots=True)
class ProvenClient:
    """The id of a client that may use the tokens of that id. A public client proves its id with its tokens only."""

    id: str


async def authenticate(request: Request, form: Mapping[str, str], clients: RegisteredClients) -> ProvenClient:
    """Return the client that sends a form, after the check of its secret if it has one.

    Raises:
        OAuthError: when it is unknown, or its proof is wrong.
        OSError: when the shared state cannot be used.
    """
    client_id, secret, by_header = _credentials(request, form)
    if client_id.startswith(DOCUMENT):
        if secret:
            raise _refused("A client with a client-id document has no secret.")
        return ProvenClient(client_id)
    client = await clients.find(client_id) if client_id.isascii() and len(client_id) <= _MAX_ID else None
    if client is None:
        raise _refused("This client is not registered here. Register it again.")
    if client.secret:
        method = "client_secret_basic" if by_header else "client_secret_post"
        if not client.has_secret(secret) or client.method != method:
            raise _refused(f"The client must prove its identity with {client.method}.")
    elif secret:
        raise _refused("This client has no secret.")
    return ProvenClient(client.id)


def _credentials(request: Request, form: Mapping[str, str]) -> tuple[str, str, bool]:
    """Return id and secret of the client, and whether they were sent in the header."""
    header = request.headers.get("authorization")
    if header is None:
        if "client_id" not in form:
            raise OAuthError("invalid_request", "client_id is missing.")
        return form["client_id"], form.get("client_secret", ""), False
    kind, _, encoded = header.partition(" ")
    try:
        if kind.lower() != "basic":
            raise ValueError
        name, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (ValueError, binascii.Error):
        raise _refused("The header Authorization cannot be read.") from None
    client_id = unquote_plus(name)
    if not colon or "client_secret" in form or form.get("client_id", client_id) != client_id:
        raise OAuthError("invalid_request", "The client must prove its identity in one way.")
    return client_id, unquote_plus(secret), True


def _refused(message: str) -> OAuthError:
    return OAuthError("invalid_client", message, 401)
