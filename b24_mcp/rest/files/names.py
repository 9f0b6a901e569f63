"""Names of files as a portal sends them, made safe for every system."""

from __future__ import annotations

import re
from pathlib import PurePath
from urllib.parse import unquote_to_bytes

from b24_mcp.storage.places import sent_name

_LONGEST = 150
_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f]')
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.DOTALL)
_EXTENDED = re.compile(r"(?i)filename\*\s*=\s*(?P<charset>[A-Za-z0-9-]+)'[^']*'(?P<name>[^;\s]+)")
_QUOTED = re.compile(r'(?i)filename\s*=\s*"(?P<name>(?:[^"\\]|\\.)*)"')
_PLAIN = re.compile(r"(?i)filename\s*=\s*(?P<name>[^;\s\"]+)")


def safe_name(name: str) -> str:
    """Return the name of a file without folders, invisible characters and what a system would read in another way."""
    last = re.split(r"[/\\]", name)[-1]
    plain = _FORBIDDEN.sub("_", sent_name(last)).strip().lstrip(".").rstrip(". ")
    if _DEVICE.fullmatch(plain):
        plain = f"_{plain}"
    path = PurePath(plain)
    if len(plain) > _LONGEST:
        suffix = path.suffix[:20]
        plain = plain[: _LONGEST - len(suffix)].rstrip(". ") + suffix
    return plain or "file"


def name_in_header(disposition: str) -> str:
    """Return the name in a Content-Disposition header as it is sent; empty without one. Source: RFC 6266."""
    if (found := _EXTENDED.search(disposition)) is not None:
        try:
            return unquote_to_bytes(found["name"]).decode(found["charset"])
        except (LookupError, ValueError):
            pass
    found = _QUOTED.search(disposition)
    text = re.sub(r"\\(.)", r"\1", found["name"]) if found else ""
    if found is None and (plain := _PLAIN.search(disposition)) is not None:
        text = plain["name"]
    try:
        return text.encode("latin-1").decode()  # portals write UTF-8, and headers are read as Latin-1
    except ValueError:
        return text
