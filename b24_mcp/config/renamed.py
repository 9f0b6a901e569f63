"""Old names of settings. Each keeps working for one version.

`docs/development/renaming.md` describes the rule. Tests add entries of their own to the table.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

_LOG = logging.getLogger(__name__)

RENAMED_SETTINGS: dict[str, str] = {}
"""The current name of a setting by its old name, both in capitals with `B24_`."""
_in_use: dict[str, str] = {}


def with_current_names(pairs: Iterable[tuple[str, str]], source: str) -> Iterator[tuple[str, str]]:
    """Yield names and values with every old name of a setting replaced. `source` says in words where they are from.

    Values under old names come first, so that a value under the current name takes precedence. The first use of each
    old name is logged.
    """
    current: list[tuple[str, str]] = []
    for name, value in pairs:
        new = RENAMED_SETTINGS.get(name.upper())
        if new is None or not value:
            current.append((name, value))
            continue
        if name.upper() not in _in_use:
            _in_use[name.upper()] = (
                f"The setting {name.upper()} (in {source}) is now named {new}. The old name stops working with the "
                f"next version: use {new}."
            )
            _LOG.warning("%s", _in_use[name.upper()])
        yield new, value
    yield from current


def renamed_settings_in_use() -> list[str]:
    """Return a warning for each old name of a setting that this process has read."""
    return list(_in_use.values())
