"""The answer to a call: envelope, JSON or XML text, headers.

A method returns a plain value or a `RowPage`; this module builds the portal's body from it. `total` and `next` are
moved out of a map result, as the portal does for every method.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from b24_sandbox import php
from b24_sandbox.dates import PORTAL_ZONE
from b24_sandbox.php import Map, Value

CORS_HEADERS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Headers", "origin, content-type, accept"),
    ("X-Content-Type-Options", "nosniff"),
)
CONTENT_TYPES = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}
_XML_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&apos;"))


@dataclass(frozen=True, slots=True)
class RowPage:
    """One page of a list for the envelope. `next` and `total` are omitted when `None`."""

    result: Value
    next: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """The duration of a call: `start` and `reset_at` in Unix seconds, the others in seconds.

    `reset_at` is when the oldest part of `operating` expires; `None`: ten minutes after the start.
    """

    start: float
    duration: float
    operating: float = 0.0
    reset_at: int | None = None

    def block(self) -> Map:
        """The `time` block of an answer. `operating_reset_at` is when the ten-minute window ends."""
        finish = self.start + self.duration
        return {
            "start": self.start,
            "finish": finish,
            "duration": self.duration,
            "processing": self.duration,
            "date_start": _moment(self.start),
            "date_finish": _moment(finish),
            "operating_reset_at": int(self.start) + 600 if self.reset_at is None else self.reset_at,
            "operating": self.operating,
        }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), PORTAL_ZONE).isoformat()


def as_page(result: Value) -> RowPage:
    """Move `next` and `total` from a map result to its page."""
    if isinstance(result, RowPage):
        return result
    if isinstance(result, dict) and ("next" in result or "total" in result):
        rest = {key: value for key, value in result.items() if key not in ("next", "total")}
        return RowPage(rest, *(php.integer(result[key]) if key in result else None for key in ("next", "total")))
    return RowPage(result)


def envelope(page: RowPage, timing: Timing) -> Map:
    """Build `{"result", "next"?, "total"?, "time"}` in the portal's order."""
    body: Map = {"result": page.result}
    if page.next is not None:
        body["next"] = page.next
    if page.total is not None:
        body["total"] = page.total
    body["time"] = timing.block()
    return body


def rows_in(body: Map) -> int:
    """Count the list rows of an answer: the longest list of its result, summed over all commands of a batch."""
    result = body.get("result")
    if isinstance(result, dict) and "result_error" in result:
        return sum(rows_in({"result": item}) for item in php.as_list(result.get("result")))
    if isinstance(result, dict):
        return max((len(item) for item in result.values() if isinstance(item, list)), default=0)
    return len(result) if isinstance(result, list) else 0


def render(body: Value, text_format: str) -> bytes:
    """Encode a body as `json` or `xml`."""
    if text_format == "xml":
        return f"<response>{_xml(php.json_ready(body))}</response>".encode("utf-8", "replace")
    return php.json_text(body).encode()


def _xml(value: Value) -> str:
    """Encode a value as XML: maps are elements, integer keys are `item`, empty arrays, `null` and `false` are empty
    text.
    """
    if isinstance(value, list):
        return "".join(f"<item>{_xml(item)}</item>" for item in value)
    if isinstance(value, dict):
        pieces = []
        for key, item in value.items():
            name = "item" if key.lstrip("-").isdigit() else key
            pieces.append(f"<{name}>{_xml(item)}</{name}>")
        return "".join(pieces)
    rendered = php.text(value)
    for character, escape in _XML_ESCAPES:
        rendered = rendered.replace(character, escape)
    return rendered
