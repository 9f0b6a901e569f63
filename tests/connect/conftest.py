"""A user and a computer with any operating system: home, project and environment in a temporary folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from b24_mcp.connect import Machine
from b24_mcp.connect.locations import OS

# Secrets in the environment. They must never be in an output or a file.
SECRETS = {
    "B24_WEBHOOK_URL": "https://portal.bitrix24.com/rest/1/w3bhooks3cret99/",
    "B24_HTTP_TOKEN": "t0kens3cretoftheserver",
}


@dataclass
class Person:
    """A user who types commands on this computer."""

    machine: Machine
    patch: pytest.MonkeyPatch

    def types(self, *arguments: str, answers: str = "") -> Result:
        from b24_mcp.cli import cli

        self.patch.setattr("b24_mcp.connect.Machine.here", lambda: self.machine)
        result = CliRunner().invoke(cli, list(arguments), input=answers)
        for secret in SECRETS.values():
            assert secret not in result.output
            assert "s3cret" not in result.output
        return result

    def files(self) -> dict[str, bytes]:
        """Return the content of every file below home and project by path. None may hold a secret."""
        found = {}
        for root in (self.machine.home, self.machine.project):
            for path in root.rglob("*"):
                if path.is_file():
                    found[str(path)] = path.read_bytes()
        for content in found.values():
            for secret in SECRETS.values():
                assert secret.encode() not in content
        return found


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Person]:
    """Return a function that makes a user. No client is on PATH, and the environment holds secrets."""

    def make(os_name: OS = "linux", **variables: str) -> Person:
        for name in ("home", "project"):
            (tmp_path / name).mkdir(exist_ok=True)
        for name, value in SECRETS.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("PATH", "/usr/bin:/bin")
        environment = {"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"]} | SECRETS | variables
        return Person(Machine(os_name, tmp_path / "home", tmp_path / "project", environment), monkeypatch)

    return make
