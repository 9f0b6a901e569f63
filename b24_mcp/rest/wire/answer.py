"""The normal form of an answer of the portal.

The portal writes JSON or XML, an `error` that is text, empty, a number or an object, and a map as a list where PHP has
no better form. All of it becomes an `Answer` or a `B24Error`. Sources: documentation, settings/how-to-call-rest-api and
error-codes; measured answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from b24_mcp.catalog import Version
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.wire.json_object import excerpt, find_object, parsed
from b24_mcp.rest.wire.portal_errors import front_end_error, is_error, portal_error
from b24_mcp.rest.wire.request import Request

_XML_WARNING = (
    "XML has no types: numbers and booleans are text here, and empty text may stand for null, false or an empty list"
)
_LARGEST_NUMBER = 1e18
# Unix times between these belong to the years 1 to 9999.
_BEFORE_YEAR_1, _YEAR_10000 = -62_135_596_801, 253_402_300_800
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class CallTime:
    """The time that a call took.

    `duration` and `operating` are in seconds; `operating` is the working time charged to the method so far. At
    `operating_reset_at` the portal releases the oldest part of it. The call ended at `finished_at`. Both moments are by
    the portal's clock. A value that the portal did not report is None.
    """

    duration: float | None = None
    operating: float | None = None
    operating_reset_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a call that succeeded.

    Lists have a `total` and `next`: the `start` of the next page, or in REST 3.0 the parameter that requests it.
    """

    method: str
    result: Any
    total: int | None = None
    next: int | Mapping[str, object] | None = None
    time: CallTime | None = None
    warnings: tuple[str, ...] = ()
    version: Version = "v2"


@dataclass(frozen=True, slots=True)
class HttpReply:
    """An HTTP response as it was received.

    `media_type` is the Content-Type in lower case without parameters. `key` is the Idempotency-Key, which a portal that
    supports such keys returns.
    """

    status: int
    media_type: str
    body: bytes
    location: str = ""
    key: str | None = None


def read_answer(reply: HttpReply, request: Request) -> Answer:
    """Return the answer in an HTTP response.

    Raises:
        B24Error: the portal's error; `B24MCP_NO_V3` from a portal without REST 3.0; `B24MCP_BAD_ANSWER` if the response
            is not an answer of the REST API.
    """
    method = request.method
    body = _xml_object(reply, method) if request.format == "xml" else None
    is_xml = body is not None
    warnings: tuple[str, ...] = (_XML_WARNING,)
    if body is None:
        body, warnings = _json_object(reply, request)
    if ("error" in body or "result" not in body) and is_error(body):
        raise portal_error(body, method=method, status=reply.status)
    if not 200 <= reply.status < 300:
        raise _bad_answer(reply, method, f"The portal answered HTTP {reply.status} without an error message.")
    if "result" in body:
        result = body["result"]
    elif body.get("status") == "success" and "data" in body:  # controllers outside the envelope of the REST API
        result = body["data"]
    elif request.version == "v3" and "openapi" in body:  # the portal describes its methods without an envelope
        result = body
    else:
        raise _bad_answer(reply, method, "The answer holds neither a result nor an error.")
    total, following, time = body.get("total"), body.get("next"), body.get("time")
    return Answer(
        method=method,
        result=restore_empty_list(method, result) if is_xml else result,
        total=None if total is None else integer(total),
        next=None if following is None else integer(following),
        time=None if time is None else read_time(time),
        warnings=warnings,
        version=request.version,
    )


def read_time(block: object) -> CallTime | None:
    """Return the `time` block of an answer or of one command; None if it is not one."""
    if not isinstance(block, Mapping):
        return None
    found: list[float | None] = []
    for name in ("duration", "operating", "operating_reset_at", "finish"):
        value = block.get(name)
        if isinstance(value, float | int) and -_LARGEST_NUMBER < value < _LARGEST_NUMBER and type(value) is not bool:
            found.append(float(value))
        else:
            found.append(None if value is None else number(value))
    duration, operating, reset_at, finish = found
    return CallTime(
        duration,
        operating,
        datetime.fromtimestamp(int(reset_at), UTC) if reset_at and _BEFORE_YEAR_1 < reset_at < _YEAR_10000 else None,
        datetime.fromtimestamp(int(finish), UTC) if finish and _BEFORE_YEAR_1 < finish < _YEAR_10000 else None,
    )


def integer(value: object) -> int | None:
    """Return a whole number that may be written as text; None for anything else."""
    found = number(value)
    return None if found is None else int(found)


def number(value: object) -> float | None:
    """Return a finite number that may be written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if abs(found) < _LARGEST_NUMBER else None


def by_label(value: object) -> dict[str, object]:
    """Return a map that PHP may have written as `[]` (empty) or as a list (labels 0, 1, 2 …).

    Raises:
        TypeError: the value is not a map in any of these forms.
    """
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {str(index): inner for index, inner in enumerate(value)}
    if value is None or value == "":
        return {}
    raise TypeError(f"a map was expected, not {type(value).__name__}")


def restore_empty_list(method: str, result: object) -> object:
    """Return the result of an XML answer with its empty list, which XML writes as empty text."""
    if method.rpartition(".")[2].lower() != "list":
        return result
    if result == "":
        return []
    if isinstance(result, dict) and len(result) == 1:
        ((key, value),) = result.items()
        return {key: [] if value == "" else value}
    return result


def _json_object(reply: HttpReply, request: Request) -> tuple[Mapping[str, object], tuple[str, ...]]:
    """Return the JSON object in a body, whatever its Content-Type is, and warnings about it."""
    try:
        value = parsed(reply.body)
    except ValueError:
        pass
    else:
        if isinstance(value, dict):
            return value, ()
    found = find_object(reply.body)
    if found is None:
        method = request.method
        if request.version == "v3" and reply.status == 404:
            raise our_error("B24MCP_NO_V3", "This portal has no REST 3.0.", method=method, status=404)
        if not reply.body.strip():
            raise _bad_answer(reply, method, f"The portal answered HTTP {reply.status} with an empty body.")
        raise _bad_answer(reply, method, _description(reply))
    around = excerpt(found.around.encode()) if found.around else ""
    return found.value, (f"the portal wrote other text around its answer: {around}",) if around else ()


def _xml_object(reply: HttpReply, method: str) -> Mapping[str, object] | None:
    """Return the object in an XML body; None if the body is not XML."""
    body = reply.body.strip().removeprefix(_BOM)
    if not body.lstrip().startswith((b"<?xml", b"<response")):
        return None
    from b24_mcp.rest.wire.xml import parse_xml  # loads its parser only when XML is used

    try:
        return parse_xml(body)
    except ValueError as exc:
        raise _bad_answer(reply, method, f"The XML answer is broken or cut short: {exc}.") from None


def _description(reply: HttpReply) -> str:
    start = reply.body.strip().removeprefix(_BOM).lstrip()[:200].lower()
    begins = f" It begins: {begin}" if (begin := excerpt(reply.body)) else ""
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<body")) or reply.media_type == "text/html":
        return f"The portal answered HTTP {reply.status} with a web page instead of data.{begins}"
    if start.startswith(b"{"):
        return f"The JSON answer (HTTP {reply.status}) is cut short or broken.{begins}"
    if start.startswith(b"["):
        return f"The answer (HTTP {reply.status}) is a list, or broken, not an object.{begins}"
    marked = f" marked as {reply.media_type}" if reply.media_type else ""
    return f"The portal answered HTTP {reply.status} with a body{marked} that is not an answer of its API.{begins}"


def _bad_answer(reply: HttpReply, method: str, message: str) -> B24Error:
    """Return the error for a response that the REST API did not write. A 4xx status means that it refused the call."""
    if reply.status == 413:
        message = "The portal refuses a request of this size (HTTP 413)."
        return our_error("B24MCP_FILE_TOO_LARGE", message, method=method, status=413)
    if 400 <= reply.status < 500:
        return front_end_error(message, method=method, status=reply.status)
    return our_error("B24MCP_BAD_ANSWER", message, method=method, status=reply.status)
