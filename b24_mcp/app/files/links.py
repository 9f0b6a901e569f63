"""Links to files in answers: which values are such links, and their replacement by handles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlsplit

from b24_mcp.app.files.handles import FileHandles, FileLink
from b24_mcp.rest import Answer
from b24_mcp.rest.wire.answer import integer

DOWNLOAD = "download"
_LONGEST = 8_000
# The places of a portal that answer with a file to a signed link.
_PATH = re.compile(
    r"/rest/(?:[^/]+/[^/]+/)?(?:download|[a-z0-9_.]+\.(?:download|getfile))(?:\.json)?/?"
    r"|/bitrix/(?:tools/disk/uf|components/bitrix/[a-z0-9._]+/show_file|services/main/ajax)\.php",
    re.IGNORECASE,
)
_SIGNATURES = ("token", "auth", "auth[auth]")
_NAMES = ("name", "filename", "original_name")
_SIZES = ("size", "file_size", "filesize")
_ALSO = ("url", "showurl", "urlshow", "urlpreview")
"""Links of a session in the browser, which stand beside a signed link and which programs cannot use."""


def is_file_link(value: object, host: str) -> bool:
    """Whether a value is a signed link of the portal to a file, absolute or relative."""
    if not isinstance(value, str) or len(value) > _LONGEST or "=" not in value or not value.startswith(("/", "http")):
        return False
    if value.startswith("//"):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    if parts.netloc and parts.netloc.lower() != host.lower():
        return False
    if _PATH.fullmatch(parts.path) is None:
        return False
    return any(name in _SIGNATURES and text for name, text in parse_qsl(parts.query))


def best_link(entry: Mapping[str, object], host: str) -> FileLink | None:
    """Return the signed link in an object that describes a file, with its name and size; None without one."""
    # Most texts have no "=", and every value of an answer is looked at.
    names = [
        name for name, value in entry.items() if isinstance(value, str) and "=" in value and is_file_link(value, host)
    ]
    if not names:
        return None
    name = min(names, key=_rank)
    return FileLink(str(entry[name]), _text(entry, _NAMES), integer(_value(entry, _SIZES)))


@dataclass(frozen=True, slots=True)
class LinkReplacer:
    """Replaces the links to files in the answers of one portal by handles."""

    handles: FileHandles
    portal: str
    host: str

    def answer(self, answer: Answer) -> Answer:
        """Return an answer without signed links."""
        result = self.replaced(answer.result)
        return answer if result is answer.result else replace(answer, result=result)

    def replaced(self, value: object) -> object:
        """Return a JSON value without signed links; the same object when there are none."""
        if isinstance(value, str):
            return self._handle(FileLink(value)) if is_file_link(value, self.host) else value
        if isinstance(value, list):
            new = [self.replaced(one) for one in value]
            return value if all(one is other for one, other in zip(new, value, strict=True)) else new
        if not isinstance(value, dict):
            return value
        link = best_link(value, self.host)
        if link is not None:
            return self._without_links(value, link)
        # None of its own texts is a link, so only what is inside is left.
        inner = {name: self.replaced(one) for name, one in value.items() if isinstance(one, dict | list) and one}
        changed = {name: one for name, one in inner.items() if one is not value[name]}
        return {**value, **changed} if changed else value

    def _without_links(self, value: dict[str, object], link: FileLink) -> dict[str, object]:
        """Return an object that describes a file, with a handle instead of its links."""
        kept = {
            name: self.replaced(one)
            for name, one in value.items()
            if not is_file_link(one, self.host) and not (name.lower() in _ALSO and isinstance(one, str))
        }
        return {**kept, DOWNLOAD: self._handle(link)}

    def _handle(self, link: FileLink) -> str:
        return self.handles.handle_of(self.portal, link)


def _rank(name: str) -> int:
    """Return the order in which the links of an object are chosen: those for programs first."""
    lowered = name.lower()
    if "download" in lowered:
        return 0
    return 1 if "machine" in lowered else 2


def _value(entry: Mapping[str, object], names: tuple[str, ...]) -> object:
    return next((value for name, value in entry.items() if name.lower() in names), None)


def _text(entry: Mapping[str, object], names: tuple[str, ...]) -> str:
    value = _value(entry, names)
    return value if isinstance(value, str) else ""
