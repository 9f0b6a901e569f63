"""The request of a call: method, credentials, format and parameters.

Paths and the merging of parameters follow the portal (documentation: settings/how-to-call-rest-api/general-principles,
and source behaviour of the portal): four path templates, a `.json` or `.xml` suffix after the last dot, query and form
first, JSON keys over them, malformed JSON ignored.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from b24_sandbox import php
from b24_sandbox.call import FilePart
from b24_sandbox.callers import PortalCaller, access_token_of
from b24_sandbox.messages import HttpRequest
from b24_sandbox.php import Map, Value

_RESERVED = ("auth", "access_token", "auth_connector", "aplogin", "ap", "sessid", "state")
_BOUNDARY = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)
_PART_NAME = re.compile(rb'(?<![a-z])name="([^"]*)"', re.IGNORECASE)
_PART_FILE = re.compile(rb'filename="([^"]*)"', re.IGNORECASE)
_PART_TYPE = re.compile(rb"^content-type:[ \t]*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Address:
    """A path under `/rest/`: the method as written, `json` or `xml`, and the credentials of the path if it has any."""

    method: str
    format: str
    login: str | None = None
    secret: str | None = None


@dataclass(slots=True)
class ReceivedRequest:
    """A call as the portal sees it after merging. `params` does not contain the reserved names.

    `login` and `secret` belong to a webhook, `access_token` to an application. `link` is the parameter `token` of a
    signed link, otherwise `None`. `caller` is set once the credentials are verified. `connector` is the source key with
    which an application marks its own changes (`auth_connector`).
    """

    method: str
    format: str
    login: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)
    link: str | None = field(default=None, repr=False)
    params: Map = field(default_factory=dict)
    files: dict[str, FilePart] = field(default_factory=dict)
    base: str = "http://127.0.0.1"
    secure: bool = True
    caller: PortalCaller | None = None
    connector: str = ""


def parse_path(path: str) -> Address | None:
    """Parse a raw (percent-encoded) path. Return `None` when it is not an address of the REST API."""
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


def method_of(path: str) -> str:
    """The name a path calls, for callers that need only the name: `crm.deal.add`, `oauth.token`, or an empty text."""
    segments = [unquote(segment) for segment in path.strip("/").split("/")]
    if segments[0] == "oauth":
        return ".".join(segments)
    return _suffix(segments[-1])[0] if segments[0] == "rest" else ""


def _suffix(segment: str) -> tuple[str, str]:
    name, dot, suffix = segment.rpartition(".")
    if dot and suffix.lower() in ("json", "xml"):
        return name, suffix.lower()
    return segment, "json"


def read(address: Address, received: HttpRequest) -> ReceivedRequest:
    """Merge query string and body into one set of parameters and separate the reserved ones."""
    params = php.parse_query(received.query)
    files: dict[str, FilePart] = {}
    if received.verb == "POST" and received.body:
        params.update(_body(received.headers.get("content-type", ""), received.body, files))
    login = address.login if address.login is not None else params.get("aplogin")
    secret = address.secret if address.secret is not None else params.get("ap")
    request = ReceivedRequest(
        address.method,
        address.format,
        "" if php.is_array(login) else php.text(login),
        "" if php.is_array(secret) else php.text(secret),
        access_token_of(received.headers.get("authorization", ""), params),
        php.text(params["token"]) if "token" in params else None,
        params,
        files,
        received.base,
        received.secure,
        connector=php.text(params.get("auth_connector")),
    )
    for name in _RESERVED:
        params.pop(name, None)
    return request


def _body(content_type: str, body: bytes, files: dict[str, FilePart]) -> Map:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or "+json" in content_type.lower():
        return _json(body)
    if kind == "multipart/form-data":
        return _multipart(content_type, body, files)
    return php.parse_query(body.decode("utf-8", "replace"))


def _json(body: bytes) -> Map:
    try:
        value: Value = json.loads(body)
    except (ValueError, RecursionError):
        return {}  # like the portal: no error, the method runs without these parameters
    return php.as_map(value)


def _multipart(content_type: str, body: bytes, files: dict[str, FilePart]) -> Map:
    """Parse the plain fields of a multipart body. File parts are added to `files`."""
    match = _BOUNDARY.search(content_type)
    if match is None:
        return {}
    pairs: list[tuple[str, Value]] = []
    for part in body.split(b"--" + match.group(1).encode())[1:]:
        head, separator, content = part.partition(b"\r\n\r\n")
        name = _PART_NAME.search(head)
        if not separator or name is None:
            continue
        filename, kind = _PART_FILE.search(head), _PART_TYPE.search(head)
        if filename is None:
            pairs.append((_read(name), content[:-2].decode("utf-8", "replace")))
        else:
            content_kind = _read(kind).strip() if kind else "application/octet-stream"
            files[_read(name)] = FilePart(_read(filename), content_kind, content[:-2])
    return php.bracketed(pairs)


def _read(match: re.Match[bytes]) -> str:
    return match.group(1).decode("utf-8", "replace")
