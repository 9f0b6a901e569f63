"""The two language editions of the documentation: where they lie, and their pages with includes in place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# What is everywhere the same and says nothing of a method is left out; the rest of the includes is text of the page.
_SAID_ELSEWHERE = ("examples.md", "system-errors.md", "error-info.md", "error-info-v3.md", "auth-params-in-events.md")
_REQUIRED = "required.md"
# Stands in a page where the include about stars stood: from there on a missing star means "not required".
STARS_COUNT = "\ue010"
_INCLUDE = re.compile(r"[ \t]*\{%\s*include\s+(?:notitle\s+)?\[[^\]]*\]\(([^)\s]+)\)\s*%\}")
_TIP = re.compile(r"\{%\s*note\s+tip\b.*?\{%\s*endnote\s*%\}", re.S)
_ENGLISH = "Who can execute"
_RUSSIAN = "Кто может выполнять"
# A page both editions have had for years; by its words an edition is told from the other.
_WITNESS = "api-reference/crm/deals/crm-deal-add.md"


class NoDocumentationError(Exception):
    """The folder holds no edition of the documentation."""


@dataclass(frozen=True, slots=True)
class Source:
    """One page of one edition: its path without `.md` and its text, includes resolved and the tip taken out."""

    page: str
    text: str


@dataclass(frozen=True, slots=True)
class Edition:
    """One language edition."""

    language: str
    root: Path

    def pages(self) -> Iterator[Source]:
        """Give all pages that are not fragments, sorted by path."""
        for path in sorted(self.root.rglob("*.md")):
            page = path.relative_to(self.root).with_suffix("").as_posix()
            if not re.search(r"(^|/)_", page):
                yield Source(page, _resolved(path, self.root))


def find_editions(folder: Path) -> dict[str, Edition]:
    """Find the editions in a folder, in its subfolders (two deep) or in the one it lies in, by language.

    Raises `NoDocumentationError` when there is none at all.
    """
    found: dict[str, Edition] = {}
    if folder.is_dir():
        near = [folder, *sorted(folder.glob("*")), *sorted(folder.glob("*/*"))]
        for root in near:
            if (root / "api-reference").is_dir() and (language := _language(root)):
                found.setdefault(language, Edition(language, root))
    if not found:
        raise NoDocumentationError(
            f"{folder} holds no edition of the documentation: no folder with api-reference in it"
        )
    return found


def _language(root: Path) -> str | None:
    witness = root / _WITNESS
    candidates = [witness] if witness.is_file() else sorted((root / "api-reference").rglob("*.md"))[:50]
    for path in candidates:
        text = path.read_text("utf-8", errors="replace")
        if _RUSSIAN in text:
            return "ru"
        if _ENGLISH in text:
            return "en"
    return None


def _resolved(path: Path, root: Path, depth: int = 0) -> str:
    text = _TIP.sub("", _text(path))

    def put(found: re.Match[str]) -> str:
        target = found[1]
        if target.endswith(_SAID_ELSEWHERE) or depth > 3:
            return ""
        if target.endswith(_REQUIRED):
            return STARS_COUNT
        included = (path.parent / target.partition("#")[0]).resolve()
        if not included.is_relative_to(root.resolve()) or not included.is_file():
            return ""
        return _resolved(included, root, depth + 1)

    return _INCLUDE.sub(put, text) if "{%" in text else text


@cache
def _text(path: Path) -> str:
    return path.read_text("utf-8").replace("\r\n", "\n").replace("\u00a0", " ")
