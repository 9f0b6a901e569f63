"""Convert inline markup of the documentation to plain Markdown: links, pictures, anchors, classes, terms."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass

from b24_mcp.dialect.scanner import between, code_spans

_PLACEHOLDER = "\ue007{}\ue008"
_PLACEHOLDER_FOUND = re.compile("\ue007(\\d+)\ue008")
_PICTURE = re.compile(r"!\[([^\[\]]*+)\]\([^)\[]*+\)")
_LINK = re.compile(
    r"\[((?:[^\[\]]++|\[[^\[\]]*+\])*+)\]"
    r"\(\s*+<?(\*[^)\[]*+|[^()\s>]*+(?:\([^()]*+\)[^()\s]*+)?)>?(?:\s++(?:[\"'][^)\[]*+)?)?\)"
)
_TERM = re.compile(r"^[ \t]*+\[\*(?:key_)?([^\]\n]++)\]:\s*+", re.M)
_MARK = re.compile(
    r"(?<![ \t])[ \t]*+\{\s*+(?:[#.][\w.\- :]*+|(?:width|height)\s*+=\s*+[\w%]++(?:\s++\w++=\w++)*+)\s*+\}"
)
_OPENS_COMMENT, _CLOSES_COMMENT = re.compile(r"<!--"), re.compile(r"-->")
_OPENS_TAG, _CLOSES_TAG = re.compile(r"\{%"), re.compile(r"%\}")
_TABLE_REMAINS = re.compile(r"(?m)^[ \t]*(?:\|\|+|#\||\|#)[ \t]*$")
_TITLE_OF_TARGET = "{#T}"
# Types are linked in every row of every table, so these links are left out.
_TYPES = "data-types"


@dataclass(frozen=True, slots=True)
class Links:
    """The context for links on a page. `title_of` returns the title of a page of the same edition, or None."""

    language: str
    page: str
    title_of: Callable[[str], str | None]

    def target(self, written: str) -> str | None:
        """Return the path of the page that a link leads to; None for a link out of the documentation."""
        path = written.partition("#")[0].partition("?")[0]
        if "://" in written or written.startswith(("mailto:", "tel:")) or not path.endswith((".md", ".html")):
            return None
        stem = path.rpartition(".")[0]
        if stem.startswith("/"):
            return posixpath.normpath(stem.lstrip("/"))
        return posixpath.normpath(posixpath.join(posixpath.dirname(self.page), stem))


def inline(text: str, links: Links | None = None) -> str:
    """Return text as plain Markdown. Code is unchanged. Without `links` only the labels of links are kept."""
    code: list[str] = []

    def hide(found: str) -> str:
        code.append(found)
        return _PLACEHOLDER.format(len(code) - 1)

    text = code_spans(text, hide)
    if "{%" in text or "<!--" in text:
        text = between(text, _OPENS_COMMENT, _CLOSES_COMMENT, _nothing)
        text = between(text, _OPENS_TAG, _CLOSES_TAG, _nothing)
    if "](" in text:
        text = _PICTURE.sub(lambda found: f"[picture: {found[1]}]" if found[1] and links else "", text)
        text = _LINK.sub(lambda found: _link(found, links), text)
    if "[*" in text:
        text = _TERM.sub(r"**\1**: ", text)
    if "{" in text:
        text = _MARK.sub("", text).replace("{...", "{…").replace("{#", "{ #").replace("{.", "{ .")
    text = _TABLE_REMAINS.sub("", text.replace("^*^", "*").replace(r"\|", "|")) if "|" in text or "^" in text else text
    return _PLACEHOLDER_FOUND.sub(lambda found: code[int(found[1])], text) if code else text


def _nothing(_: str) -> str:
    return ""


def plain(text: str) -> str:
    """Return the words of a text in one line without markup, for titles and extracts."""
    return " ".join(re.sub(r"[`*]+", "", inline(text)).split())


def _link(found: re.Match[str], links: Links | None) -> str:
    label, written = found[1].strip(), found[2]
    if links is None:
        return "" if label == _TITLE_OF_TARGET else label
    target = links.target(written)
    if label == _TITLE_OF_TARGET:
        label = (links.title_of(target) if target else None) or posixpath.basename(target or written)
    if target is not None and (target.endswith(_TYPES) or target.startswith("..")):
        return label
    if target is not None:
        return f"[{label}]({links.language}/{target})"
    return f"[{label}]({written})" if "://" in written else label
