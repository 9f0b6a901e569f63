"""The error codes that a page lists, with the HTTP status where the page states it."""

from __future__ import annotations

import re

from b24_mcp.catalog.facts import ErrorCode
from b24_mcp.dialect.markup import Block, Code, Heading, MarkupTable, Text

_ERRORS = re.compile(r"error|ошиб", re.I)
_CODE_HEAD = re.compile(r"(?:error )?codes?(?: of the error| or text)?$|error$|код(?: ошибки)?$|ошибка$", re.I)
_STATUS_HEAD = re.compile(r"^status|^статус|^http", re.I)
_IN_PROSE = re.compile(r"HTTP[- ](?:status|статус)\w*[^\d.]{0,12}([345]\d\d)\b", re.I)
_SAMPLE = re.compile(r'"error"\s*:\s*(?:"?([\w.:\-]*)"?\s*,|\{\s*"code"\s*:\s*"?([\w.:\-]*)"?)')
_V3_CODE = re.compile(r"(?:error code|код ошибки)\s*:?\s*\**\s*((?:`[^`]+`[,\s]*)+)", re.I)
_STATUS = re.compile(r"HTTP[^\n]*?\b([345]\d\d)\b")
_CODE = re.compile(r"[A-Za-z0-9][\w.:\-]*$")


def errors_of(blocks: list[Block]) -> tuple[ErrorCode, ...]:
    """Return the codes in the order of the page, each once. An empty code is `""`."""
    found: dict[str, int | None] = {}
    inside = False
    # The status above a sample belongs to the code in the sample only.
    status: int | None = None
    sampled: dict[str, int] = {}
    for block in blocks:
        if isinstance(block, Heading):
            if block.level <= 2:
                inside = bool(_ERRORS.search(block.text))
                status = None
        elif not inside:
            continue
        elif isinstance(block, Text):
            if said := _STATUS.search(re.sub(r"[*`]", "", block.text)):
                # "400, 403" does not state which code has which status.
                status = int(said[1]) if len(re.findall(r"\b[345]\d\d\b", block.text)) == 1 else None
            if named := _V3_CODE.search(block.text):
                for code in re.findall(r"`([^`]+)`", named[1]):
                    if _CODE.match(code):
                        found.setdefault(code, None)
        elif isinstance(block, Code):
            if status is not None and (sample := _SAMPLE.search(block.text)):
                sampled.setdefault(sample[1] or sample[2] or "", status)
        elif isinstance(block, MarkupTable):
            for code, own in _in_table(block):
                if code not in found or found[code] is None:
                    found[code] = own
    return tuple(ErrorCode(code, status or sampled.get(code)) for code, status in found.items())


def _in_table(table: MarkupTable) -> list[tuple[str, int | None]]:
    heads = [re.sub(r"[*`]", "", cell.text).strip() for cell in table.rows[0]] if table.rows else []
    at = next((i for i, head in enumerate(heads) if _CODE_HEAD.match(head)), None)
    if at is None:
        return []
    status_at = next((i for i, head in enumerate(heads) if _STATUS_HEAD.match(head)), None)
    found: list[tuple[str, int | None]] = []
    for cells in table.rows[1:]:
        if at >= len(cells):
            continue
        status = None
        if (
            status_at is not None
            and status_at < len(cells)
            and (said := re.search(r"\b[345]\d\d\b", cells[status_at].text))
        ):
            status = int(said[0])
        for cell in cells:
            if status is None and (said := _IN_PROSE.search(cell.text)):
                status = int(said[1])
        found.extend((code, status) for code in codes_in(cells[at].text))
    return found


def codes_in(text: str) -> list[str]:
    """Return the codes in a cell, with or without backticks; "empty value" is the empty code."""
    bare = re.sub(r"\*\*", "", text).strip()
    if re.match(r"[`\s]*(?:empty\b|пуст|no code|без кода|-|—|–|\"\"|''|$)", bare, re.I):
        return [""]
    quoted = re.findall(r"`([^`]+)`", bare) or [bare.replace("\\_", "_")]
    return [code.strip(" '\"") for code in quoted if _CODE.match(code.strip(" '\""))]
