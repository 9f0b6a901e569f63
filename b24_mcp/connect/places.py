"""Where clients keep their configuration, on each operating system, as data."""

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
    """What of this computer decides where things are."""

    os: OS
    home: Path
    project: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def here(cls) -> Machine:
        """This computer, this user, this folder."""
        names: dict[str, OS] = {"darwin": "macos", "win32": "windows"}
        return cls(names.get(sys.platform, "linux"), Path.home(), Path.cwd(), dict(os.environ))

    @property
    def configuration(self) -> Path:
        """Where this operating system wants programs to keep their configuration."""
        if self.os == "macos":
            return self.home / "Library" / "Application Support"
        if self.os == "windows":
            return self._named("APPDATA") or self.home / "AppData" / "Roaming"
        return self._named("XDG_CONFIG_HOME") or self.home / ".config"

    def _named(self, variable: str) -> Path | None:
        value = self.environment.get(variable)
        return Path(value) if value else None


@dataclass(frozen=True, slots=True)
class ConfigPlace:
    """A file of a client.

    `folders` name its folder by operating system, or under `any`; `~` is the home directory and `*` the directory for
    configuration. `moved` are environment variables that name another folder, each with the part of the path inside it;
    the first that is set wins.
    """

    file: str
    folders: Mapping[str, str]
    moved: tuple[tuple[str, str], ...] = ()

    def on(self, machine: Machine) -> Path:
        """Give the path of the file on this machine."""
        for variable, inside in self.moved:
            folder = machine.environment.get(variable)
            if folder:
                return Path(folder) / inside / self.file
        folder = self.folders.get(machine.os) or self.folders["any"]
        first, _, rest = folder.partition("/")
        roots = {"~": machine.home, "*": machine.configuration}
        return roots[first] / rest / self.file
