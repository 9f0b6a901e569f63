"""The lock files name a version and hashes for every library, and the versions fit `pyproject.toml`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCKS = ROOT / "locks"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
NAMES = ["build", "dev", "run", "server"]


def locked(name: str) -> dict[str, list[Requirement]]:
    """Return the requirements of a lock file by name; several if they differ by platform or Python version."""
    found: dict[str, list[Requirement]] = {}
    for entry in entries(name):
        requirement = Requirement(re.sub(r"\s*--hash=\S+", "", entry).strip())
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def entries(name: str) -> list[str]:
    text = (LOCKS / f"{name}.txt").read_text("utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip()]


def asked(name: str) -> list[Requirement]:
    """Return the requirements of `pyproject.toml` for an environment."""
    project, groups = PROJECT["project"], PROJECT["dependency-groups"]
    texts: dict[str, list[Any]] = {
        "build": [*groups["build"], *PROJECT["build-system"]["requires"]],
        "run": [*project["dependencies"], *project["optional-dependencies"]["redis"]],
        "server": [
            *project["dependencies"],
            *(one for extra in ("redis", "postgresql", "otel") for one in project["optional-dependencies"][extra]),
        ],
        "dev": [*project["dependencies"], *groups["build"], *groups["dev"]],
    }
    return [Requirement(text) for text in texts[name] if isinstance(text, str)]


@pytest.mark.parametrize("name", NAMES)
def test_the_locked_libraries_are_the_required_ones(name: str) -> None:
    """If this fails, run `make lock`."""
    versions = locked(name)
    for requirement in asked(name):
        chosen = versions.get(canonicalize_name(requirement.name))
        assert chosen, f"{requirement} is not in locks/{name}.txt: run `make lock`"
        for one in chosen:
            (version,) = [specifier.version for specifier in one.specifier]
            assert requirement.specifier.contains(version, prereleases=True), f"{requirement} is locked as {version}"


@pytest.mark.parametrize("name", NAMES)
def test_every_library_has_one_version_and_hashes_and_no_address(name: str) -> None:
    for entry in entries(name):
        assert re.fullmatch(
            r"[a-z0-9][a-z0-9._-]*==[0-9][0-9a-z.+]*(?: ; [^;@]+?)?(?:\s+--hash=sha256:[0-9a-f]{64})+", entry.strip()
        ), entry
        assert "://" not in entry


def test_the_environments_agree_with_one_another() -> None:
    for inner, outer in (("run", "dev"), ("build", "dev")):
        for name, requirements in locked(inner).items():
            if name in locked(outer):
                assert {str(one.specifier) for one in requirements} == {
                    str(one.specifier) for one in locked(outer)[name]
                }, name


def test_the_image_installs_locked_libraries_and_runs_as_an_ordinary_user() -> None:
    text = (ROOT / "manifests" / "docker" / "Dockerfile").read_text("utf-8")
    installs = re.findall(r"pip (?:install|wheel) [^&\n]*", text)
    assert installs
    assert all("--require-hashes" in one or "--no-deps" in one for one in installs)
    user = re.findall(r"^USER (\S+)$", text, re.MULTILINE)[-1]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    assert "chmod 0700" in text
