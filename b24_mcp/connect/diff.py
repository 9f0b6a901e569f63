"""The diff of a change as the user sees it. The values of other entries in the file are masked."""

from __future__ import annotations

import difflib
import re

from b24_mcp.connect.changes import ConfigChange

_JSON_PARTS = re.compile(
    r'(?P<text>"(?:\\(?:.|\Z)|[^"\\])*+(?:"|\Z))(?P<name>\s*+:)?|(?P<comment>//[^\r\n]*|/\*.*?(?:\*/|$))', re.DOTALL
)
_TOML_PARTS = re.compile(
    r"(?P<text>\"{3}.*?(?:\"{3,5}|$)|'{3}.*?(?:'{3,5}|$)"
    r"|\"(?:\\(?:.|\Z)|[^\"\\\n])*+(?:\"|(?=\n)|\Z)|'[^'\n]*+(?:'|(?=\n)|\Z))(?P<name>[ \t]*+=)?"
    r"|(?P<comment>#[^\r\n]*)",
    re.DOTALL,
)
_YAML_LINE = re.compile(r"(?P<label>\s*(?:- )?(?:[\w.$-]+:(?:\s|$))?)(?P<value>.*)")
_HARMLESS = re.compile(r"(?:true|false|null|~|-?\d+(?:\.\d+)?|[\[\]{}|>,-]*)")
_MASK = "***"


def change_diff(change: ConfigChange) -> str:
    """Return the change as a unified diff. Comments, and texts that are not of this server's entry, are masked."""
    before, after = (_masked(text or "", change).splitlines() for text in (change.before, change.after))
    lines = difflib.unified_diff(before, after, "before", "after", n=2, lineterm="")
    return "\n".join(lines)


def _masked(text: str, change: ConfigChange) -> str:
    language = change.client.format.name
    if language == "JSON" or (language == "YAML" and text.lstrip().startswith("{")):
        return _parts_masked(_JSON_PARTS, text, change.shown)
    if language == "TOML":
        return _parts_masked(_TOML_PARTS, text, change.shown)
    return "\n".join(_yaml_line(line, change.shown) for line in text.splitlines())


def _parts_masked(parts: re.Pattern[str], text: str, shown: frozenset[str]) -> str:
    def masked(part: re.Match[str]) -> str:
        if part["comment"] is not None:
            start = 1 if part["comment"].startswith("#") else 2
            return part["comment"][:start] + re.sub(r"[^\r\n]+", f" {_MASK}", part["comment"][start:])
        if part["name"] is not None or _unescaped(part["text"][1:-1]) in shown:
            return part.group()
        return re.sub(r"[^\r\n]+", f'"{_MASK}"', part["text"])

    return parts.sub(masked, text)


def _unescaped(text: str) -> str:
    return text.replace('\\"', '"').replace("\\\\", "\\")


def _yaml_line(line: str, shown: frozenset[str]) -> str:
    parts = _YAML_LINE.fullmatch(line)
    assert parts is not None
    value = parts["value"]
    if value.strip("\"'") in shown or _HARMLESS.fullmatch(value):
        return line
    return f"{parts['label']}{'# ' if value.startswith('#') else ''}{_MASK}"
