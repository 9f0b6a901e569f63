"""The kind of a page: one method, one event, or something else."""

from __future__ import annotations

import re

from b24_mcp.dialect.editions import Source

_WHO = re.compile(
    r"^[ \t]*+>?[ \t]*+(?:Who can (?:execute|perform)(?: the| this)? method|Permissions to execute"
    r"|Кто может выполнять(?: этот)? метод|Права на выполнение метода)\b",
    re.M,
)
_SUBSCRIBE = re.compile(r"^[ \t]*+>?[ \t]*+(?:Who can subscribe|Кто может подпис)", re.M)
_OUTSIDE = ("tutorials/", "ai-tools/", "sdk/", "market/", "first-steps/", "local-integrations/")
_NOT_METHODS = re.compile(r"(^|/)index$|/bx24-|^BX24\.|/examples/")
_IN_EVENTS = re.compile(r"/(?:\w+-)?events?(?:-[\w-]+)?/[^/]+$")


def may_be_method(source: Source) -> bool:
    """Whether a page describes the call of a method. The name of the method must fit the page too."""
    if source.page.startswith(_OUTSIDE) or _NOT_METHODS.search(source.page):
        return False
    return bool(_WHO.search(source.text.partition("\n## ")[0]))


def is_event(source: Source) -> bool:
    """Whether a page describes one event."""
    if not source.page.startswith("api-reference/") or _NOT_METHODS.search(source.page):
        return False
    if _SUBSCRIBE.search(source.text.partition("\n## ")[0]):
        return True
    return bool(_IN_EVENTS.search(source.page)) and not may_be_method(source)
