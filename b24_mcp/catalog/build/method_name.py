"""The method that a page documents, by a vote of its title, samples, lead and file name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from b24_mcp.catalog.build.corrections import method_of_page

_NAME = r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*(?:\.[A-Za-z0-9_]+)+"
_IN_TEXT = re.compile(rf"(?<![\w./-])({_NAME})(?![\w/-]|\.\w)")
_URL = re.compile(
    r"/rest/(?:api/)?(?:(?:\*\*|\$\{|\{|<)?[\w]+(?:\*\*|\}|>)?/(?:\*\*|\$\{|\{|<)?[\w]+(?:\*\*|\}|>)?/)?"
    r"([A-Za-z][\w.]*?)(?:\.json|\.xml)?(?=[\s\"'?`\\/]|$)",
    re.M,
)
_SDK = re.compile(
    r"(?:callMethod|callListMethod|call|method|CRest::call|Call|callV2|callV3|actions?\.v[23]\.\w+\.make)\s*\(?\s*"
    r"(?:\(|:|=)?\s*(?:ctx,\s*)?['\"]([A-Za-z][\w.]*)['\"]"
)
_LEAD = re.compile(r"`([A-Za-z][\w.]*)`")
_UNDOTTED = frozenset({"batch", "events", "methods", "profile", "scope"})


def name_of(page: str, titles: Iterable[str], text: str) -> str | None:
    """Return the method that a page documents, in the spelling of its title; None when the page names none."""
    if corrected := method_of_page(page):
        return corrected
    votes: Counter[str] = Counter()
    spelling: dict[str, str] = {}

    def vote(name: str, weight: int) -> None:
        if "." not in name and name.lower() not in _UNDOTTED:
            return
        votes[name.lower()] += weight
        spelling.setdefault(name.lower(), name)

    for title in titles:
        if named := _IN_TEXT.findall(title):
            vote(named[-1], 5)
        elif (last := title.split()[-1:]) and last[0].lower() in _UNDOTTED:
            vote(last[0], 4)
    for found, weight in ((_most(_URL.findall(text)), 3), (_most(_SDK.findall(text)), 3)):
        if found:
            vote(found, weight)
    if lead := [name for name in _LEAD.findall(text.partition("\n## ")[0]) if "." in name]:
        vote(lead[0], 1)
    stem = _squeezed(page.rpartition("/")[2].removesuffix("-rest-v3"))
    for key in list(votes):
        if _squeezed(key) == stem:
            votes[key] += 2
    if not votes:
        return None
    best = max(votes.items(), key=lambda item: (item[1], item[0]))[0]
    return spelling[best]


def _most(names: list[str]) -> str | None:
    # Among equals, Counter keeps the order of the page: the first sample wins.
    counted = Counter(name for name in names if name.lower() not in {"batch", "oauth"} or len(set(names)) == 1)
    return counted.most_common(1)[0][0] if counted else None


def _squeezed(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
