"""The result of a method, read from the JSON sample: its kind, and the key of a list in it."""

from __future__ import annotations

import json
import re

from b24_mcp.catalog.build.corrections import correction_of
from b24_mcp.catalog.build.rows import rows_of
from b24_mcp.catalog.facts import Result
from b24_mcp.dialect.markup import Block, Code, Heading, MarkupTable

_ANSWER = re.compile(r"response|returned|answer|ответ|возвращаем", re.I)
_NOT_ANSWER = re.compile(r"error|ошиб|code example|пример", re.I)
_LISTING = re.compile(r"(?:list|getlist|search|tail|\.get[a-z]*list[a-z]*|listfor[a-z]+|getlanguages)$", re.I)
_KEY = re.compile(r"[A-Za-z_][\w.:\-]*$")
# Fields that the users of a sample portal created themselves.
_OF_ONE_PORTAL = re.compile(
    r"UF_\w*\d{3}\w*|UF_CRM_\w*\d\w*|PARENT_ID_\d+|PROPERTY_\d+|(?:ufCrm|parentId|property)\w*\d+"
)
# Codes of access: a user, a group, a department.
_ACCESS_CODE = re.compile(r"(?:[A-Z]{1,3}\d+\w*|AU|CR)")
_MOST_KEYS = 120


def result_of(blocks: list[Block], method: str, version: str) -> Result:
    """Read the result of a method from its page, corrected where samples are known to mislead."""
    known = correction_of(method, version)
    sample = sample_of(blocks)
    result = _from_sample(sample[0], method, version) if sample else _from_table(blocks)
    if known.list_key is not None:
        return Result("object", known.list_key, known.is_map, result.keys)
    if known.result is None or (known.if_unknown and result.kind != "unknown"):
        return result
    return Result(known.result)


def is_answer(title: str) -> bool:
    """Whether a heading is about the answer of a method."""
    return bool(_ANSWER.search(title)) and not _NOT_ANSWER.search(title)


def sample_of(blocks: list[Block]) -> list[object]:
    """Return the first sample with a `result`, in a list. The list is empty when no sample has one."""
    inside = False
    for block in blocks:
        if isinstance(block, Heading) and block.level <= 3:
            inside = is_answer(block.text)
        elif inside and isinstance(block, Code) and block.language in {"json", "js", "javascript", ""}:
            value = result_in(block.text) if _RESULT.search(block.text) else _bare(block.text)
            if value is not _NOTHING:
                return [value]
    return []


_NOTHING = object()
_RESULT = re.compile(r'"?result"?\s*:')
_ENVELOPE = frozenset({"total", "next", "time"})


def _bare(text: str) -> object:
    """Parse a sample that shows the contents of `result` without the envelope."""
    try:
        value = json.loads(_mended(text), strict=False)
    except ValueError:
        return _NOTHING
    if not isinstance(value, dict):
        return value if isinstance(value, list) else _NOTHING
    inner = {key: one for key, one in value.items() if key not in _ENVELOPE}
    return inner if inner and "error" not in inner else _NOTHING


def result_in(text: str) -> object:
    """Parse the `result` of a sample that may have comments, `...` and other errors."""
    for attempt in (text, _mended(text)):
        try:
            value = json.loads(attempt, strict=False)
        except ValueError:
            continue
        if isinstance(value, dict) and "result" in value:
            return value["result"]
        return _NOTHING
    found = re.search(r'"?result"?\s*:\s*', text)
    if not found:
        return _NOTHING
    rest = text[found.end() :]
    try:
        return json.JSONDecoder(strict=False).raw_decode(_mended(rest))[0]
    except ValueError:
        pass
    if rest.startswith("["):
        return [{}] if "{" in rest[:40] else []
    if rest.startswith("{"):
        keys = re.findall(r'^[ \t]{0,12}"([\w.]+)"\s*:\s*(\[?)', rest, re.M)
        return {key: ([{}] if bracket else None) for key, bracket in keys[:1]} | {"": None} if keys else {}
    word = re.match(r'(true|false|null|-?\d+|")', rest)
    return {"true": True, "false": False, "null": None, '"': ""}.get(word[1], 1) if word else _NOTHING


def _mended(text: str) -> str:
    text = re.sub(r"(?<![:\w\"])//[^\n]*|/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r",?\s*(?:\.\.\.|…),?(?=\s*[\]}\"{])", lambda found: "," if found[0].strip(". …\n") else "", text)
    text = re.sub(r"\.\.\.", "", text)
    text = re.sub(r",(\s*[}\]])", r"\1", text)
    text = re.sub(r"([\[{]\s*),", r"\1", text)
    return re.sub(r"([}\]\"\d])(\s*\n\s*)([{\"])", r"\1,\2\3", text)


def _from_sample(value: object, method: str, version: str) -> Result:
    if not isinstance(value, dict):
        return Result(_kind(value))
    if _by_id(value):
        return Result("map")
    # Some samples close a brace too late, so that `time` of the envelope is in the result.
    envelope = isinstance(value.get("time"), dict) and "duration" in value["time"]
    keys = tuple(
        key
        for key in value
        if _KEY.match(key) and not (envelope and key == "time") and not _OF_ONE_PORTAL.fullmatch(key)
    )[:_MOST_KEYS]
    if version == "v3":
        # A list that can be paged is always under `items`.
        return Result("object", "items" if isinstance(value.get("items"), list) else None, False, keys)
    if not _LISTING.search(method):
        return Result("object", None, False, keys)
    lists = [key for key in keys if isinstance(value[key], list)]
    if len(lists) > 1:
        lists = [key for key in lists if key in {"items", "messages", "events", "bots", "notifications"}][:1] or lists[
            :1
        ]
    if lists:
        return Result("object", lists[0], False, keys)
    maps = [key for key in keys if isinstance(value[key], dict) and _by_id(value[key])]
    return Result("object", maps[0], True, keys) if len(maps) == 1 else Result("object", None, False, keys)


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "list"


def _by_id(value: dict[str, object]) -> bool:
    """Whether an object is keyed by ids or by codes of access."""
    ids = all(re.fullmatch(r"-?\d+", key) for key in value)
    return bool(value) and (ids or (len(value) > 1 and all(map(_ACCESS_CODE.fullmatch, value))))


_TABLE_KINDS = {
    "boolean": "boolean",
    "bool": "boolean",
    "integer": "integer",
    "int": "integer",
    "array": "list",
    "string": "string",
}


def _from_table(blocks: list[Block]) -> Result:
    """Read a plain type from the table of returned data. Its lists and objects are not reliable."""
    inside = False
    for block in blocks:
        if isinstance(block, Heading):
            inside = is_answer(block.text)
        elif inside and isinstance(block, MarkupTable):
            for row in rows_of(block):
                if row.name == "result" and row.type in {"boolean", "bool", "integer", "int", "string"}:
                    return Result(_TABLE_KINDS[row.type])
    return Result("unknown")
