"""The README: short, the same in both languages, and every command in it works for a new user."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from b24_mcp.catalog import known_methods
from b24_mcp.server.tools.listed import tools_for
from tests.loopback import loopback_portal

ROOT = Path(__file__).parent.parent
LANGUAGES = ["README.md", "README.ru.md"]
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands_of(name: str) -> list[str]:
    """Every command in the blocks of a README, without its comment."""
    text = (ROOT / name).read_text("utf-8")
    lines = "".join(_BLOCK.findall(text)).splitlines()
    return [re.sub(r"\s+# .*", "", line) for line in lines if line]


COMMANDS = list(dict.fromkeys(commands_of("README.md")))
OURS = [command for command in COMMANDS if command.startswith("b24-mcp ")]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a new user with the wheel of this checkout, as `uv tool install .` builds it."""
    home = tmp_path_factory.mktemp("home")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(home)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = home.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(home / "site")
    return home


@pytest.fixture(scope="module")
def webhook() -> Iterator[str]:
    with loopback_portal() as portal:
        yield portal.address


def run(command: str, home: Path, typed: str) -> subprocess.CompletedProcess[str]:
    """Run a command of b24-mcp for a new user, in an empty folder, from the wheel and not from the checkout."""
    folder = home / "work"
    folder.mkdir(exist_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(home / "site"),
        "LC_ALL": "C.UTF-8",
        "B24_DOCS": "off",
        "B24_KEEP_SECRETS": "file",
    }
    program = [sys.executable, "-c", "from b24_mcp.__main__ import main; main()", *shlex.split(command)[1:]]
    return subprocess.run(
        program, cwd=folder, env=environment, input=typed, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_page_is_short(name: str) -> None:
    assert len((ROOT / name).read_text("utf-8").split()) < 900


def test_both_languages_have_the_same_commands_parts_and_links() -> None:
    english, russian = [(ROOT / name).read_text("utf-8") for name in LANGUAGES]
    assert commands_of("README.md") == commands_of("README.ru.md")
    assert english.count("\n## ") == russian.count("\n## ")
    links = [set(re.findall(r"\]\(((?:docs|[A-Z]+\.md)[^)]*)\)", text)) for text in (english, russian)]
    links = [{link.replace(".ru.svg", ".svg") for link in found} for found in links]
    assert links[0] ^ links[1] <= {"docs/development/release.md", "README.md"}
    assert all(f"`{tool.name}`" in text for tool in tools_for("write") for text in (english, russian))


def test_the_walk_covers_every_command() -> None:
    others = [command for command in COMMANDS if command not in OURS]
    assert others == ["uv tool install .", "pipx install .", "make demo", "make test"]
    assert len(OURS) == 6


def test_every_command_works_in_turn_for_a_new_user(installed: Path, webhook: str) -> None:
    """Takes seconds: each command is a process of its own, as for a user."""
    typed = {"connect": "y\n", "portals": f"{webhook}\n"}
    for command in OURS:
        done = run(command, installed, typed.get(command.split()[1], ""))
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
    assert '"bitrix24"' in (installed / ".claude.json").read_text("utf-8")


def test_the_wheel_has_all_that_the_demonstration_needs(installed: Path) -> None:
    done = run("b24-mcp demo --language ru", installed, "")
    assert done.returncode == 0, done.stderr
    assert "Что дальше" in done.stdout


@pytest.mark.parametrize("target", ["demo", "test"])
def test_make_has_the_two_commands(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_the_number_of_methods_is_about_the_one_that_is_named() -> None:
    assert abs(len(list(known_methods().names)) - 1_700) < 60
