"""How a list is paged: by family where the families are known, by the parameters of the page elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable

# The first pattern that fits a lower-case name decides. A: an offset is rounded down to a page and past the end the
# first page comes again; B: past the end is an empty list; C: an exact offset; D: the old tasks, NAV_PARAMS or start.
_FAMILIES: tuple[tuple[str, str], ...] = (
    (r"task\.(item\.list|items\.getlist|elapseditem\.getlist)", "NAV_PARAMS"),
    (r"task\.commentitem\.getlist", "D"),
    (r"im\.(dialog\.messages\.(get|search)|notify\.(get|history\.search)|dialog\.users\.list)", "LAST_ID"),
    (r"log\.(blogcomment\.user\.get|blogpost\.get)", "LAST_ID"),
    (r"im\.(search\..*|department\.colleagues\.list|recent\.list)", "LIMIT/OFFSET"),
    (r"(im|imbot)\.v2\.event\.get", "cursor"),
    (r"event\.offline\.get", "pop"),
    (r"biconnector\.(connector|source|dataset)\.list", "page"),
    (r"sign\.b2e\..*(list|tail)|humanresources\.hcmlink\..*list|imbot\.v2\.(bot|chat\.user)\.list", "limit/offset"),
    (r"ai\.engine\.list|imopenlines\.config\.list\.get", "limit/offset"),
    (r"landing\.(site|landing|demos|repo|template|block)\.get(page|site)?list", "limit/offset"),
    (r"crm\.(status|currency|vat|category|calllist|dealcategory)\.list|crm\.enum\..*|lists\.field\.get", "none"),
    (r".*\.userfield\.(list|getlist)|sonet_group\.user\.get|sale\.(paysystem|cashbox)(\.handler)?\.list", "none"),
    (r"sale\.delivery\.(getlist|handler\.list)|task\.checklistitem\.getlist", "none"),
    (r"tasks\.task\.(result|history)\.list", "none"),
    (r"crm\.item\.(payment|delivery)\..*list|placement\.list|event\.get|calendar\..*", "none"),
    (r"crm\.(item|type|stagehistory|automatedsolution|item\.productrow|orderentity)\.list", "B"),
    (r"crm\.documentgenerator\..*\.list|documentgenerator\.(document|numerator|role|template)\.list", "B"),
    (r"(tasks\.task|tasks\.api\.scrum\.(epic|sprint)|userfieldconfig)\.list", "B"),
    (r"(socialnetwork\.api\.workgroup|rpa\.\w+)\.list", "B"),
    (r"booking\.v1\..*\.list", "B"),
    (r"(catalog|sale)\..*\.list", "B"),
    (r"disk\..*|user\.(get|search)|event\.offline\.list", "C"),
    (r"crm\..*\.list|lists\.(get|element\.get|section\.get)|sonet_group\.get|department\.get|entity\..*\.get", "A"),
    (r"voximplant\..*\.get|bizproc\..*(list|instances)", "A"),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern), kind) for pattern, kind in _FAMILIES)


def paging_of(method: str, version: str, params: Iterable[str], *, is_list: bool) -> str | None:
    """Name the way a list is paged; `None` for a method that gives no list."""
    names = set(params)
    key = method.lower()
    if version == "v3":
        if key.endswith(".tail"):
            return "tail"
        if names & {"nextCursor", "afterCursor"}:
            return "cursor"
        if "pagination" in names:
            return "pagination"
        return "none" if is_list else None
    lower = {name.lower() for name in names}
    for pattern, kind in _COMPILED:
        if pattern.fullmatch(key):
            if kind in {"LAST_ID", "LIMIT/OFFSET", "limit/offset", "cursor", "pop", "page", "NAV_PARAMS", "D"}:
                return kind
            return kind if is_list or "start" in lower else None
    if "start" in lower:
        return "A"
    if {"LIMIT", "OFFSET"} <= names:
        return "LIMIT/OFFSET"
    if {"limit", "offset"} <= names:
        return "limit/offset"
    return "none" if is_list else None
