"""One normal form for what a portal answers, in whatever form it was written.

JSON and XML, an `error` that is text, empty, a number or an object, a map that PHP wrote as a list: all of it ends as
an `Answer` or as a `B24Error`. Sources: documentation, settings/how-to-call-rest-api and error-codes;
measured answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from b24_mcp.catalog import Version
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.wire.portal_errors import front_end_error, is_error, portal_error
from b24_mcp.rest.wire.reading import find_object, quote
from b24_mcp.rest.wire.request import Format, Request

_XML_WARNING = (
    "XML has no types: numbers and booleans are text here, and empty text may stand for null, false or an empty list"
)


@dataclass(frozen=True, slots=True)
class CallTime:
    """How long a call took. `duration` and `operating` are seconds, `operating` those charged to the method so far;
    `operating_reset_at` is when the oldest of them are forgiven, `finished_at` when the call ended, both by the
    portal's clock. What the portal did not say is None.
    """

    duration: float | None = None
    operating: float | None = None
    operating_reset_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A call that succeeded. `total` and `next` belong to lists only: `next` is the `start` of the next page, or in
    REST 3.0 the parameter that asks for it.
    """

    method: str
    result: Any
    total: int | None = None
    next: int | Mapping[str, Any] | None = None
    time: CallTime | None = None
    warnings: tuple[str, ...] = ()
    version: Version = "v2"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer as it came: `media_type` is the Content-Type in lower case without its parameters, `key` the
    Idempotency-Key, which a portal that knows such keys gives back.
    """

    status: int
    media_type: str
    body: bytes
    location: str = ""
    key: str | None = None


def read_answer(reply: Reply, request: Request) -> Answer:
    """Bring an HTTP answer to the normal form.

    Raises:
        B24Error: the portal's error, `B24MCP_NO_V3` from a portal without REST 3.0, or `B24MCP_BAD_ANSWER` for what is
            no answer of the REST API at all.
    """
    method = request.method
    if request.version == "v3" and reply.status == 404 and find_object(reply.body) is None:
        raise our_error("B24MCP_NO_V3", "This portal has no REST 3.0.", method=method, status=404)
    body, written_as, warnings = _parse(reply, request)
    if is_error(body):
        raise portal_error(body, method=method, status=reply.status)
    if not 200 <= reply.status < 300:
        raise _bad_answer(reply, method, f"The portal answered HTTP {reply.status} without saying why.")
    if body.get("status") == "success" and "data" in body and "result" not in body:
        body = {**body, "result": body["data"]}  # what controllers write outside of the REST API's envelope
    if "result" not in body and not (request.version == "v3" and "openapi" in body):
        raise _bad_answer(reply, method, "The answer holds neither a result nor an error.")
    # The description a portal gives of its own methods is an answer without an envelope.
    result = body.get("result", body)
    if written_as == "xml":
        result = restore_empty_list(method, result)
    return Answer(
        method=method,
        result=result,
        total=integer(body.get("total")),
        next=integer(body.get("next")),
        time=read_time(body.get("time")),
        warnings=warnings,
        version=request.version,
    )


def read_time(block: object) -> CallTime | None:
    """Read a `time` block, of an answer or of one command; None where there is none."""
    if not isinstance(block, Mapping):
        return None
    reset_at, finish = number(block.get("operating_reset_at")), number(block.get("finish"))
    return CallTime(
        duration=number(block.get("duration")),
        operating=number(block.get("operating")),
        operating_reset_at=_moment(reset_at) if reset_at else None,
        finished_at=_moment(finish) if finish else None,
    )


def integer(value: object) -> int | None:
    """Read a whole number that may come as text; None for anything else."""
    found = number(value)
    return None if found is None else int(found)


def number(value: object) -> float | None:
    """Read a finite number that may come as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if abs(found) < 1e18 else None


def by_label(value: object) -> dict[str, Any]:
    """Read a map that PHP may have written as `[]` (empty) or as a list (labels 0, 1, 2 …).

    Raises:
        TypeError: for something that is no map in any of its forms.
    """
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {str(index): inner for index, inner in enumerate(value)}
    if value is None or value == "":
        return {}
    raise TypeError(f"a map was expected, not {type(value).__name__}")


def _parse(reply: Reply, request: Request) -> tuple[dict[str, Any], Format, tuple[str, ...]]:
    """Read the body by what it holds, not by how it is marked: the object, how it is written, and warnings."""
    method, body = request.method, reply.body
    if not body.strip():
        raise _bad_answer(reply, method, f"The portal answered HTTP {reply.status} with nothing in it.")
    if request.format == "xml" and _looks_like_xml(body):
        from b24_mcp.rest.wire.xml import parse_xml  # only callers who ask for XML pay for its parser

        try:
            return parse_xml(body.strip().removeprefix(b"\xef\xbb\xbf")), "xml", (_XML_WARNING,)
        except ValueError as exc:
            raise _bad_answer(reply, method, f"The XML answer is broken or cut short: {exc}.") from None
    found = find_object(body)
    if found is None:
        raise _bad_answer(reply, method, _what_it_looks_like(reply))
    around = quote(found.around.encode()) if found.around else ""
    return found.value, "json", (f"the portal wrote other text around its answer: {around}",) if around else ()


def _looks_like_xml(body: bytes) -> bool:
    start = body.lstrip().removeprefix(b"\xef\xbb\xbf").lstrip()[:10]
    return start.startswith((b"<?xml", b"<response"))


def _what_it_looks_like(reply: Reply) -> str:
    start = reply.body.strip().removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    begins = f" It begins: {begin}" if (begin := quote(reply.body)) else ""
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<body")) or reply.media_type == "text/html":
        return f"The portal answered HTTP {reply.status} with a web page instead of data.{begins}"
    if start.startswith(b"{"):
        return f"The JSON answer (HTTP {reply.status}) is cut short or broken.{begins}"
    if start.startswith(b"["):
        return f"The answer (HTTP {reply.status}) is a list, or broken, not an object.{begins}"
    marked = f" marked as {reply.media_type}" if reply.media_type else ""
    return f"The portal answered HTTP {reply.status} with a body{marked} that is not an answer of its API.{begins}"


def _bad_answer(reply: Reply, method: str, message: str) -> B24Error:
    """An answer the REST API did not write. Only a status says more: 4xx was refused on the way."""
    if 400 <= reply.status < 500:
        return front_end_error(message, method=method, status=reply.status)
    return our_error("B24MCP_BAD_ANSWER", message, method=method, status=reply.status)


def restore_empty_list(method: str, result: Any) -> Any:
    """Give an XML result with its list back: XML writes an empty one as empty text, list methods mean a list."""
    if method.rpartition(".")[2].lower() != "list":
        return result
    if result == "":
        return []
    if isinstance(result, dict) and len(result) == 1:
        ((key, value),) = result.items()
        return {key: [] if value == "" else value}
    return result


def _moment(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (OverflowError, OSError, ValueError):
        return None
