"""The requests in the cURL samples of a page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from b24_mcp.dialect.markup import Block, Code

_BODY = re.compile(r"(?:-d|--data(?:-raw)?)\s+(?:\$?'((?:[^']|'\\'')*)'|\"((?:[^\"\\]|\\.)*)\")", re.S)


def requests_of(blocks: Iterable[Block]) -> list[dict[str, object]]:
    """Return the JSON objects that the cURL samples send, without credentials."""
    found = []
    for block in blocks:
        if not isinstance(block, Code) or "curl" not in block.text:
            continue
        for quoted, double in _BODY.findall(block.text):
            text = quoted.replace("'\\''", "'") if quoted else double.replace('\\"', '"')
            try:
                body = json.loads(text, strict=False)
            except ValueError:
                continue
            if isinstance(body, dict):
                body.pop("auth", None)
                found.append(body)
    return found
