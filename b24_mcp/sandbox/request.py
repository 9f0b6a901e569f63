"""What was asked: the method, who asks, in which format, with which parameters.

Addresses and merging of parameters follow the portal's own reading of a request (documentation:
settings/how-to-call-rest-api/general-principles, and source behaviour of the portal): four path templates, a
``.json`` or ``.xml`` suffix after the last dot, query and form first, JSON keys over them, malformed JSON ignored.
"""

import json
import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from b24_mcp.sandbox import php
from b24_mcp.sandbox.php import Map, Value

_RESERVED = ("auth", "access_token", "auth_connector", "aplogin", "ap", "sessid", "state")
_BOUNDARY = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)
_PART_NAME = re.compile(rb'name="([^"]*)"')
_PART_FILE = re.compile(rb"filename=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """A path under ``/rest/``: method as written, ``json`` or ``xml``, credentials when they are in the path."""

    method: str
    format: str
    login: str | None = None
    secret: str | None = None


@dataclass(slots=True)
class Request:
    """A call as the portal sees it after merging; ``params`` has the reserved names already taken out."""

    method: str
    format: str
    login: str = ""
    secret: str = ""
    token_link: bool = False
    params: Map = field(default_factory=dict)


def parse_path(path: str) -> Address | None:
    """Read a raw (still percent-encoded) path, or ``None`` when it is no address of the REST API."""
    segments = [unquote(segment) for segment in path.split("/")[1:]]
    if segments and segments[-1] == "":
        segments.pop()
    if len(segments) < 2 or segments[0] != "rest":
        return None
    if len(segments) == 2:
        return Address(*_suffix(segments[1]))
    if len(segments) == 4 and segments[1] != "api":
        return Address(*_suffix(segments[3]), segments[1], segments[2])
    return None


def _suffix(segment: str) -> tuple[str, str]:
    name, dot, suffix = segment.rpartition(".")
    if dot and suffix.lower() in ("json", "xml"):
        return name, suffix.lower()
    return segment, "json"


def read(address: Address, verb: str, query: str, content_type: str, body: bytes) -> Request:
    """Merge query string and body into one set of parameters and take the reserved ones out."""
    params = php.parse_query(query)
    if verb == "POST" and body:
        params.update(_body(content_type, body))
    login = address.login if address.login is not None else params.get("aplogin")
    secret = address.secret if address.secret is not None else params.get("ap")
    request = Request(
        address.method,
        address.format,
        "" if php.is_array(login) else php.text(login),
        "" if php.is_array(secret) else php.text(secret),
        "token" in params,
        params,
    )
    for name in _RESERVED:
        params.pop(name, None)
    return request


def _body(content_type: str, body: bytes) -> Map:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or "+json" in content_type.lower():
        return _json(body)
    if kind == "multipart/form-data":
        return _multipart(content_type, body)
    return php.parse_query(body.decode("utf-8", "replace"))


def _json(body: bytes) -> Map:
    try:
        value: Value = json.loads(body)
    except (ValueError, RecursionError):
        return {}  # the portal does not complain either: the method runs without these parameters
    return php.as_map(value)


def _multipart(content_type: str, body: bytes) -> Map:
    """Plain fields of a multipart body; file parts are ignored by ordinary methods."""
    match = _BOUNDARY.search(content_type)
    if match is None:
        return {}
    pairs: list[tuple[str, Value]] = []
    for part in body.split(b"--" + match.group(1).encode())[1:]:
        head, separator, content = part.partition(b"\r\n\r\n")
        name = _PART_NAME.search(head)
        if separator and name and not _PART_FILE.search(head):
            pairs.append((name.group(1).decode("utf-8", "replace"), content[:-2].decode("utf-8", "replace")))
    return php.bracketed(pairs)
