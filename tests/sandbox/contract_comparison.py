"""The comparison of an answer with the documented facts of its method."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from b24_mcp.catalog.facts import MethodFacts

PAGE = 50
V3_PREFIX = "BITRIX_REST_V3_EXCEPTION_"
COMMON = {
    "",
    "0",
    "1",
    "100",
    "WRONG_AUTH_TYPE",
    "ERROR_CORE",
    "ERROR_ARGUMENT",
    "ERROR_NOT_FOUND",
    "NOT_FOUND",
    "ACCESS_DENIED",
}
"""Codes that every method may return; the pages of many methods leave them out."""

OTHER_STATUSES = {"biconnector.*": 200, "imconnector.register": 200, "imconnector.unregister": 200, "sign.b2e.*": 401}
"""Methods whose pages show refusals with another status than 400 and 403."""


@dataclass(frozen=True)
class Reply:
    status: int
    body: dict[str, object]


def error_problem(known: MethodFacts, reply: Reply) -> str:
    """What is wrong with the form of an error; empty when nothing is."""
    if known.version == "v3":
        error = reply.body.get("error")
        if set(reply.body) != {"error"} or not isinstance(error, dict) or not error.get("message"):
            return "form"
        codes = {code.code for code in known.errors}
        if error["code"] not in codes | {f"{V3_PREFIX}ACCESSDENIEDEXCEPTION"}:
            return "code"
        return "" if 400 <= reply.status < 500 else "status"
    code, text = reply.body["error"], reply.body.get("error_description")
    if not isinstance(code, str) or not isinstance(text, str) or not text or "time" in reply.body:
        return "form"
    documented = {one.code for one in known.errors}
    if documented - {"400", "403"} and code not in documented | COMMON:  # some pages name the status only
        return "code"
    others = {status for pattern, status in OTHER_STATUSES.items() if fnmatchcase(known.method, pattern)}
    return "" if reply.status in {400, 403} | others else "status"


KINDS: dict[str, tuple[type, ...]] = {
    "list": (list,),
    "boolean": (bool,),
    "integer": (int, str),
    "string": (str,),
    "null": (type(None),),
}


def differences(known: MethodFacts, body: dict[str, object], result: object) -> Iterator[tuple[str, object]]:
    """The aspects of a successful answer that disagree with the facts, each with what was seen."""
    kind = known.result.kind
    if kind in ("object", "map"):
        agrees = isinstance(result, dict) or result == []  # PHP sends an empty map as a list
    elif kind == "integer":
        agrees = not isinstance(result, bool) and isinstance(result, int | str) and str(result).lstrip("-").isdigit()
    else:
        agrees = kind == "unknown" or isinstance(result, KINDS[kind])
    if not agrees:
        yield "kind", result
        return
    rows = result
    if known.result.list_key:
        rows = result.get(known.result.list_key) if isinstance(result, dict) else None
        if not isinstance(rows, dict if known.result.is_map and rows else list):
            yield "list key", result
            return
    if kind == "object" and len(known.result.keys) == 1 and not _has(result, known.result.keys[0]):
        yield "key", result
    yield from paging_differences(known, body, rows)


def _has(result: object, key: str) -> bool:
    return isinstance(result, dict) and key in result


def paging_differences(known: MethodFacts, body: dict[str, object], rows: object) -> Iterator[tuple[str, object]]:
    total, after = body.get("total"), body.get("next")
    if known.paging in ("A", "B", "C", "D", "NAV_PARAMS"):
        if type(total) is not int or not isinstance(rows, list):
            yield "total", body
        elif len(rows) != min(total, PAGE):
            yield "page", (len(rows), total)
        elif after != (PAGE if total > PAGE else None):
            yield "next", (after, total)
    elif after is not None:
        yield "next", after
