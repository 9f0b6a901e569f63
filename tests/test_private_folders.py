"""Only the owner can open the files and folders of the program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import PROGRAM
from tests.loopback import loopback_portal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")


def use_everything(home: Path, **settings: str) -> None:
    """Write state, a lock of tokens, audit log, data set, secrets and cache, with the widest umask."""
    with loopback_portal() as portal:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("B24_", "XDG_"))}
        environment |= {"HOME": str(home), "B24_KEEP_SECRETS": "file", "B24_DOCS": "off"} | settings
        for arguments, typed in (
            (["portals", "add", "main"], portal.address + "\n"),
            (["call", "crm.deal.add", "-p", '{"fields": {"TITLE": "x"}}'], ""),
            (["list", "user.get", "--save-as", "people"], ""),
            (["logout", "shop.example"], ""),
            (["call", "profile"], ""),
        ):
            done = subprocess.run(
                [PROGRAM, *arguments],
                input=typed,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
                env=environment,
                umask=0,
            )
            assert done.returncode == 0, done.stdout + done.stderr


def modes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): oct(path.stat().st_mode & 0o777)
        for path in [folder, *folder.rglob("*")]
        if path.stat().st_mode & 0o077
    }


def test_every_folder_and_file_is_private_to_its_owner(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    use_everything(home, B24_DATA_DIR=str(home / "named" / "data"))
    written = {path.name for path in home.rglob("*")}
    assert {"limits.db", "secrets.json", "portals.toml", "audit", "records", "tokens"} <= written
    assert modes(home) == {}


def test_open_folders_of_the_program_are_restricted_and_others_are_left(tmp_path: Path) -> None:
    home, named = tmp_path / "home", tmp_path / "named"
    ours = [home / ".local/state/b24-mcp", home / ".local/state/b24-mcp/audit", home / ".config/b24-mcp"]
    ours += [named / "records"]
    for folder in ours:
        folder.mkdir(parents=True, exist_ok=True)
    for folder in [*ours, home, named, home / ".config"]:
        folder.chmod(0o755)
    use_everything(home, B24_DATA_DIR=str(named))
    assert [oct(folder.stat().st_mode & 0o777) for folder in ours] == ["0o700"] * len(ours)
    assert [oct(folder.stat().st_mode & 0o777) for folder in (home, named, home / ".config")] == ["0o755"] * 3
    said = subprocess.run(
        [PROGRAM, "doctor", "--offline"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=dict(os.environ) | {"HOME": str(home), "B24_DATA_DIR": str(named)},
    ).stdout
    assert f"chmod 700 {named}" in said
