"""Validation of method names.

The portal removes a `.json` or `.xml` ending, cuts the name at `#` and `?`, and converts it to lower case. A name that
is accepted here needs none of this, so it means the same to the portal.
"""

from __future__ import annotations

import re

from b24_mcp.catalog import known_methods
from b24_mcp.errors import B24Error, our_error

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*")
_LONGEST = 128


def documented_name(name: str) -> str:
    """Check a name, and return it in its documented letter case if it is documented.

    The portal finds some methods only in that letter case.

    Raises:
        B24Error: `B24MCP_METHOD_NAME`; see `check_method_name`.
    """
    check_method_name(name)
    return known_methods().spelling(name) or name


def check_method_name(name: str) -> None:
    """Refuse a name that the portal would not read exactly as written, and `batch`.

    Raises:
        B24Error: `B24MCP_METHOD_NAME`, which says what is wrong and what to write instead; nothing was sent.
    """
    shown = name if len(name) <= 80 else name[:80] + "…"
    if not name:
        raise _refusal(name, "The method name is empty.")
    if len(name) > _LONGEST:
        raise _refusal(name, f"The method name is longer than {_LONGEST} characters.")
    if not _NAME.fullmatch(name):
        raise _refusal(name, f"{shown!r} is not a method name.{_advice(name)}")
    last = name.rpartition(".")[2].lower()
    if "." in name and last in ("json", "xml"):
        raise _refusal(name, f"Write {shown!r} without its ending .{last}; for XML set format to xml.")
    if name.lower() == "batch":
        raise our_error(
            "B24MCP_METHOD_NAME",
            "batch is not a method to call: a batch is made of named commands and cannot hold another batch.",
            method=name,
            hint="Nothing was sent. Use batch_call with the commands themselves.",
        )


def is_method_name(name: str) -> bool:
    """Whether a name is accepted by `check_method_name`."""
    try:
        check_method_name(name)
    except B24Error:
        return False
    return True


def _refusal(name: str, message: str) -> B24Error:
    return our_error("B24MCP_METHOD_NAME", message, method=name[:80])


def _advice(name: str) -> str:
    bare = re.split(r"[?#]", name, maxsplit=1)[0]
    if bare != name and _NAME.fullmatch(bare):
        return f" Write {bare!r} and put what follows it into params."
    if "/" in name or "\\" in name:
        return " A method is a dotted name, not a path or an address."
    if name.strip() != name and _NAME.fullmatch(name.strip()):
        return " It has white space around it."
    return " It takes Latin letters, digits, underscores and dots only."
