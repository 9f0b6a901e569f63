"""The groups of tools, and the words that choose tools: in `B24_TOOLS` and in the address of a server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

TOOL_GROUPS: Mapping[str, tuple[str, ...]] = {
    "find": ("find_records", "find_methods", "describe_method", "describe_fields", "portal_info"),
    "read": ("read_method", "read_batch"),
    "write": ("call_method", "batch_call", "apply_records"),
    "data": ("list_records", "import_records", "query_records", "export_records"),
    "files": ("download_file",),
    "docs": ("search_docs", "read_doc"),
}
"""The tools of each group. Each tool is in exactly one group."""

TOOL_NAMES = frozenset(name for names in TOOL_GROUPS.values() for name in names)


def tools_named(words: Iterable[str]) -> tuple[str, ...]:
    """Return the tools that these groups and names stand for, sorted.

    Raises:
        ValueError: for an unknown word, or no word at all.
    """
    named = [stripped for word in words if (stripped := word.strip())]
    if not named:
        raise ValueError("a list without entries")
    found: set[str] = set()
    for word in named:
        if word not in TOOL_GROUPS and word not in TOOL_NAMES:
            close = get_close_matches(word.lower(), [*TOOL_GROUPS, *sorted(TOOL_NAMES)], 1, 0.6)
            meant = f" ({close[0]} is probably meant)" if close else ""
            groups = ", ".join(TOOL_GROUPS)
            raise ValueError(f"{word[:40]!r} is no group and no tool{meant}; the groups are {groups}")
        found.update(TOOL_GROUPS.get(word, (word,)))
    return tuple(sorted(found))
