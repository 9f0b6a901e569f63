"""The configuration files of clients on each operating system, as data."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

OS = Literal["linux", "macos", "windows"]


@dataclass(frozen=True, slots=True)
class Machine:
    """What decides on this computer where configuration files are."""

    os: OS
    home: Path
    project: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def here(cls) -> Machine:
        """Return this computer with the current user and the current folder."""
        names: dict[str, OS] = {"darwin": "macos", "win32": "windows"}
        return cls(names.get(sys.platform, "linux"), Path.home(), Path.cwd(), dict(os.environ))

    @property
    def configuration(self) -> Path:
        """The folder in which this operating system keeps the configuration of programs."""
        if self.os == "macos":
            return self.home / "Library" / "Application Support"
        if self.os == "windows":
            return self._folder_in("APPDATA") or self.home / "AppData" / "Roaming"
        return self._folder_in("XDG_CONFIG_HOME") or self.home / ".config"

    def _folder_in(self, variable: str) -> Path | None:
        value = self.environment.get(variable)
        return Path(value) if value else None


@dataclass(frozen=True, slots=True)
class ConfigLocation:
    """The location of a client's configuration file.

    `folders` maps an operating system, or `any`, to a folder; `~` is the home folder and `*` the folder for
    configuration. `overrides` are environment variables that name another folder, each with the path below it. The
    first variable that is set wins.
    """

    file: str
    folders: Mapping[str, str]
    overrides: tuple[tuple[str, str], ...] = ()

    def on(self, machine: Machine) -> Path:
        """Return the path of the file on this machine."""
        for variable, inside in self.overrides:
            folder = machine.environment.get(variable)
            if folder:
                return Path(folder) / inside / self.file
        folder = self.folders.get(machine.os) or self.folders["any"]
        first, _, rest = folder.partition("/")
        roots = {"~": machine.home, "*": machine.configuration}
        return roots[first] / rest / self.file
