"""Checks of configurations and manifests by the clients' own programs, without a model."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.installing import ROOT

MANIFESTS = ROOT / "manifests"
SECONDS = 120
# Packages of programs that are used for checks only. `pip:` marks a Python package.
CHECKERS = {"mcpb": "@anthropic-ai/mcpb@2.1.2", "ajv": "ajv@8.20.0", "skillsaw": "pip:skillsaw==0.22.0"}


@dataclass(frozen=True, slots=True)
class Check:
    """One command, and a text that its output must contain. `connected` is a client to connect before the check."""

    name: str
    command: list[str]
    says: str
    connected: str = ""
    variables: Mapping[str, str] | None = None


def checks(programs: Path, python: str) -> Iterator[Check]:
    """Return every check. `programs` is the folder in which the programs are installed."""

    def program(package: str, name: str) -> str:
        return str(programs / package / "node_modules" / ".bin" / name)

    claude, codex, gemini = program("claude", "claude"), program("codex", "codex"), program("gemini", "gemini")
    goose = str(programs / "goose/node_modules/@aaif/goose-binary-linux-x64/bin/goose")
    plugin = MANIFESTS / "claude-plugin"
    yield Check("claude mcp list", [claude, "mcp", "list"], "✔ Connected", "claude-code")
    yield Check("codex mcp list", [codex, "mcp", "list"], "bitrix24", "codex")
    yield Check("gemini mcp list", [gemini, "mcp", "list"], "Connected", "gemini", {"GEMINI_API_KEY": "x"})
    validate = [claude, "plugin", "validate", "--strict"]
    yield Check("claude plugin validate", [*validate, str(plugin / "bitrix24")], "Validation passed")
    yield Check("claude plugin validate (marketplace)", [*validate, str(plugin)], "Validation passed")
    yield Check(
        "goose recipe validate",
        [goose, "recipe", "validate", str(MANIFESTS / "goose/recipe.yaml")],
        "recipe file is valid",
    )
    yield Check("mcpb validate", [program("mcpb", "mcpb"), "validate", str(MANIFESTS / "mcpb")], "passes")
    lint = [python, "-m", "skillsaw", "lint", str(MANIFESTS / "registry")]
    yield Check("server.json", lint, "All checks passed", variables={"PYTHONPATH": str(programs / "skillsaw")})


def check(one: Check, environment: Mapping[str, str], python: str) -> str:
    """Run a check in its own home folder, and return what is wrong, or an empty text."""
    home = Path(tempfile.mkdtemp(prefix="b24-check-"))
    (home / "tmp").mkdir()
    variables = dict(environment) | {"HOME": str(home), "TMPDIR": str(home / "tmp")}
    if one.connected == "gemini":
        (home / ".gemini").mkdir()
        (home / ".gemini/settings.json").write_text('{"security": {"folderTrust": {"enabled": false}}}', "utf-8")
    try:
        if one.connected:
            command = [python, "-m", "b24_mcp", "connect", one.connected, "--yes"]
            said = _run(command, variables | {"PYTHONPATH": str(ROOT)}, home)
            if "Written." not in said:
                return f"connect printed: {said[-300:]}"
        said = _run(one.command, variables | dict(one.variables or {}), home)
        return "" if one.says in said and not said.startswith("(") else f"printed: {said.strip()[-400:]}"
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _run(command: list[str], environment: Mapping[str, str], folder: Path) -> str:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        return f"{type(exc).__name__}: {os.path.basename(command[0])}"
    return f"{done.stdout}{done.stderr}" if done.returncode == 0 else f"(exited with {done.returncode}) {done.stderr}"
