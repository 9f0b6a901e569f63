"""The Inspector's command line against the installed program: each transport and each protocol version."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.clients.services import B24_MCP, TOKEN
from tests.installing import ROOT, node

INSPECTOR = {"inspector": "@modelcontextprotocol/inspector@2.12.0"}
_SECONDS = 60
Era = Literal["legacy", "modern"]
_VERSIONS: dict[Era, str] = {"legacy": "2025-11-25", "modern": "2026-07-28"}
_TOOL_ERROR, _AUTH_REQUIRED = 5, 3


@dataclass(frozen=True, slots=True)
class Look:
    """One run of the Inspector, its expected exit code, and words that its output must contain."""

    name: str
    arguments: list[str]
    code: int
    says: tuple[str, ...]


def looks(url: str) -> Iterator[Look]:
    """Return all runs, over stdio and over HTTP to a server that requires the token."""
    stdio = [
        "-e",
        f"PYTHONPATH={ROOT}",
        "-e",
        "B24_STATE=memory",
        "-e",
        "B24_DOCS=off",
        sys.executable,
        B24_MCP,
        "serve",
    ]
    http = [url, "--transport", "http", "--header", f"Authorization: Bearer {TOKEN}"]
    for era, version in _VERSIONS.items():
        for transport, target in (("stdio", stdio), ("http", http)):
            for name, arguments, code, says in _methods(version):
                full = [*target, "--method", *arguments, "--protocol-era", era, "--format", "json"]
                yield Look(f"{transport} {version} {name}", full, code, says)
    asked = [url, "--transport", "http", "--stored-auth-only", "--method", "tools/list", "--format", "json"]
    yield Look("http without the token", asked, _AUTH_REQUIRED, ("auth_required",))


def _methods(version: str) -> Iterator[tuple[str, list[str], int, tuple[str, ...]]]:
    yield "initialize", ["initialize"], 0, (f'"protocolVersion":"{version}"', '"name":"b24-mcp"')
    # Exits with 6 for a schema that some models or hosts refuse, and prints nothing more when none is doubtful.
    yield "tools/list --strict", ["tools/list", "--strict"], 0, ('"name":"call_method"',)
    yield "a call", _call("call_method", method="profile"), 0, ('\\"ID\\":\\"1\\"', '"isError":false')
    failing = _call("call_method", method="crm.deal.get", params={"id": 999_999})
    yield "a call that fails", failing, _TOOL_ERROR, ('\\"kind\\":\\"not_found\\"', "tool_is_error")
    misspelt = _call("call_method", methd="profile")
    yield "an unknown argument", misspelt, _TOOL_ERROR, ("methd", "tool_is_error")
    yield "an unknown tool", _call("no_such_tool"), _TOOL_ERROR, ("tool_not_found",)
    templates = ("b24://method/{method}", "b24://doc/", "b24://records")
    yield "resources/templates/list", ["resources/templates/list"], 0, templates
    add = ["resources/read", "--uri", "b24://method/crm.deal.add"]
    yield "resources/read", add, 0, ('\\"method\\":\\"crm.deal.add\\"',)


def _call(tool: str, **arguments: object) -> list[str]:
    return ["tools/call", "--tool-name", tool, "--tool-args-json", json.dumps(arguments)]


def look(one: Look, programs: Path, home: Path, environment: dict[str, str]) -> str:
    """Run the Inspector once, and return what is wrong, or an empty text."""
    entry = programs / "inspector/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"
    command = [node(programs), str(entry), "--cli", *one.arguments]
    try:
        done = subprocess.run(
            command,
            cwd=home,
            env=environment | {"HOME": str(home), "TMPDIR": str(home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"did not finish within {_SECONDS} s"
    return judge(one, done.returncode, done.stdout + done.stderr)


def judge(one: Look, code: int, said: str) -> str:
    """Judge a run by its exit code and its output. Return what is wrong, or an empty text."""
    if code != one.code:
        return f"exited with {code}, not {one.code}: {said.strip()[-300:]}"
    missing = [words for words in one.says if words not in said]
    return f"did not print {', '.join(missing)}: {said.strip()[:300]}" if missing else ""
