"""What clients are told the tools can do, and on which portals, known before any setting is read in earnest.

A client asks for the list of tools before anything else, and what reads all settings is too slow to load for that. So
the few that matter are looked up by hand; a value that cannot be used is told at the first call, which fails then.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from b24_mcp.access import LEVELS, Level

_OPENS_A_PORTAL = ("B24_WEBHOOK_URL", "B24_PORTAL", "B24_CLIENT_ID")


class Announced:
    """The settings of the environment, or else of `.env`, as far as tools are described by them."""

    def __init__(self) -> None:
        self._values = {**_in_file(), **{name.upper(): text for name, text in os.environ.items() if text}}

    @property
    def level(self) -> Level:
        """The level of access."""
        return next((level for level in LEVELS if level == self._value("B24_ACCESS")), "write")

    @property
    def portals(self) -> list[str]:
        """The names of the portals, the default first."""
        written = _portal_file(Path(self._value("B24_CONFIG")) if self._value("B24_CONFIG") else _default_path())
        table = written.get("portals")
        in_file = list(table) if isinstance(table, Mapping) else []
        names = [*(["environment"] if any(map(self._value, _OPENS_A_PORTAL)) else []), *in_file]
        if names[:1] != ["environment"] and written.get("default") in names:
            names.sort(key=lambda name: name != written["default"])
        names.append("sandbox")
        return sorted(names, key=lambda name: name != self._value("B24_DEFAULT_PORTAL"))

    def _value(self, name: str) -> str:
        value = self._values.get(name) or ""
        return "" if value.startswith("${") else value


def _in_file() -> Mapping[str, str]:
    file = Path(".env")
    if not file.is_file():
        return {}
    from dotenv import dotenv_values  # only who has such a file waits for its reader

    try:
        return {name.upper(): text for name, text in dotenv_values(file, encoding="utf-8").items() if text}
    except (OSError, UnicodeDecodeError):
        return {}


def _portal_file(path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}


def _default_path() -> Path:
    from platformdirs import user_config_path

    return user_config_path("b24-mcp") / "portals.toml"
