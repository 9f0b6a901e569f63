"""What stands inside a line, brought from the dialect to plain Markdown: links, pictures, anchors, classes, terms."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass

from b24_mcp.dialect.scanner import between, code_spans

_HIDDEN = "\ue007{}\ue008"
_HIDDEN_FOUND = re.compile("\ue007(\\d+)\ue008")
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
_LEFT_OVER = re.compile(r"(?m)^[ \t]*(?:\|\|+|#\||\|#)[ \t]*$")
_ITS_TITLE = "{#T}"
# Types are linked in every row of every table; where they lead is said once, by any of them.
_TYPES = "data-types"


@dataclass(frozen=True, slots=True)
class Links:
    """Where links of a page lead. `titled` gives the title of a page of the same edition, None when there is none."""

    language: str
    page: str
    titled: Callable[[str], str | None]

    def target(self, written: str) -> str | None:
        """The page a link leads to, by its path; None for one that leaves the documentation."""
        path = written.partition("#")[0].partition("?")[0]
        if "://" in written or written.startswith(("mailto:", "tel:")) or not path.endswith((".md", ".html")):
            return None
        stem = path.rpartition(".")[0]
        if stem.startswith("/"):
            return posixpath.normpath(stem.lstrip("/"))
        return posixpath.normpath(posixpath.join(posixpath.dirname(self.page), stem))


def inline(text: str, links: Links | None = None) -> str:
    """Bring text to plain Markdown; code in it stays as it is. Without `links` only the words of links remain."""
    code: list[str] = []

    def hide(found: str) -> str:
        code.append(found)
        return _HIDDEN.format(len(code) - 1)

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
    text = _LEFT_OVER.sub("", text.replace("^*^", "*").replace(r"\|", "|")) if "|" in text or "^" in text else text
    return _HIDDEN_FOUND.sub(lambda found: code[int(found[1])], text) if code else text


def _nothing(_: str) -> str:
    return ""


def plain(text: str) -> str:
    """The words of a text in one line, without any markup: for titles and extracts."""
    return " ".join(re.sub(r"[`*]+", "", inline(text)).split())


def _link(found: re.Match[str], links: Links | None) -> str:
    label, written = found[1].strip(), found[2]
    if links is None:
        return "" if label == _ITS_TITLE else label
    target = links.target(written)
    if label == _ITS_TITLE:
        label = (links.titled(target) if target else None) or posixpath.basename(target or written)
    if target is not None and (target.endswith(_TYPES) or target.startswith("..")):
        return label
    if target is not None:
        return f"[{label}]({links.language}/{target})"
    return f"[{label}]({written})" if "://" in written else label
