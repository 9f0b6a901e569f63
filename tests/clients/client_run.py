"""One run of one client: set up in its own home folder as a user does it, then run against the server."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal

from tests.clients.cursor_backend import cursor_backend
from tests.clients.logins import log_in
from tests.clients.model import model
from tests.clients.programs import MANIFESTS, Command, OAuthLogin, Place, Program
from tests.clients.services import B24_MCP, TOKEN, answering
from tests.clients.verdict import SCRIPT, Outcome, judge
from tests.installing import ROOT

HERE = Path(__file__).parent
SECONDS = 120
Way = Literal["connect", "manifest", "library", "http", "cimd", "dcr"]
LOGINS: tuple[Way, ...] = ("cimd", "dcr")
"""Over HTTP with a login, for which the client names a document about itself, or registers.

Registered clients log in to a real server, as people of a portal. Documents are in no network, so the server of the
other way is one of the tests.
"""
QUIET = {
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_AUTOUPDATER": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DO_NOT_TRACK": "1",
    "CI": "1",
    "NO_COLOR": "1",
    "TERM": "dumb",
    "LANG": "C.UTF-8",
}


def ways(program: Program, url: str) -> list[Way]:
    """Return the ways in which this client can be set up."""
    if program.own_login:
        return [way for way in LOGINS if url and way == program.own_login]
    possible: dict[Way, object] = {
        "connect": program.connected,
        "manifest": program.manifest,
        "library": program.library and not program.only_http,
        "http": (program.connected or program.library) and url,
        **{way: url and way in program.logins for way in LOGINS},
    }
    return [way for way, is_possible in possible.items() if is_possible]


def run(name: str, program: Program, way: Way, address: str, programs: Path) -> Outcome:
    """Set the client up in its own home folder, run it once, and judge its output and its messages.

    `address` is the webhook in the client's environment, or the address of the server over HTTP. `programs` is the
    folder in which the clients are installed.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"b24-client-{name}-"))
    outcome = Outcome()
    with answering(cursor_backend(SCRIPT) if program.cursor else model(SCRIPT)) as model_url:
        place = Place(folder / "home", folder / "project", model_url, programs)
        for made in (place.home / "tmp", place.project, folder / "bin"):
            made.mkdir(parents=True)
        log = folder / "tap.jsonl"
        _tap(folder / "bin", log)
        environment = _environment(place, folder / "bin", program)
        over_http = way == "http" or way in LOGINS
        person = program.person if way == "dcr" else "1"  # only there people are those of the portal
        environment["TEAM_PERSON"] = person
        if way == "http":
            environment["B24_HTTP_TOKEN"] = TOKEN
        elif address and not over_http:
            environment["B24_WEBHOOK_URL"] = address
        program.before(place)
        if way == "manifest":
            _paste(program, folder)
        elif program.library or program.own_login:
            environment["B24_MCP_URL"] = address if over_http else ""
        else:
            asked = ["--http", address, "--token" if way == "http" else "--no-token"] if over_http else []
            outcome.wrong += _connect(program, place, environment, asked)
        if way in program.logins:
            outcome.wrong += _log_in(program.logins[way](place), place, environment)
        command = program.command(place)
        started = time.monotonic()
        code, said, errors = _run_client(command, place, environment)
        outcome.seconds = time.monotonic() - started
    expect_sandbox = way in ("manifest", "http", "cimd")
    judge(outcome, code, said, None if over_http else log, expect_sandbox=expect_sandbox, person=person)
    if outcome.wrong:
        (folder / "said").write_text(said + "\n--- errors ---\n" + errors, "utf-8")
        outcome.wrong.append(f"see {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return outcome


def _tap(folder: Path, log: Path) -> None:
    """Write a `b24-mcp` that logs all messages into the folder, and link the interpreter beside it."""
    tap = [sys.executable, str(HERE / "tap.py"), str(log), B24_MCP]
    variables = f"PYTHONPATH={shlex.quote(str(ROOT))}"
    script = folder / "b24-mcp"
    script.write_text(f'#!/bin/sh\n{variables} exec {shlex.join(tap)} "$@"\n', "utf-8")
    script.chmod(0o755)
    (folder / "python").symlink_to(sys.executable)


def _environment(place: Place, tapped: Path, program: Program) -> dict[str, str]:
    node = [str(place.programs / "node22/node_modules/node/bin")] if "node22" in program.needs else []
    path = [str(tapped), *node, "/usr/local/bin", "/usr/bin", "/bin"]
    # Some programs unpack themselves into the folder of temporary files.
    return QUIET | {
        "B24_DOCS": "off",
        "HOME": str(place.home),
        "TMPDIR": str(place.home / "tmp"),
        "PATH": os.pathsep.join(path),
    }


def _log_in(login: OAuthLogin, place: Place, environment: dict[str, str]) -> list[str]:
    """Log the client in as a person with a terminal and a browser. Return what is wrong."""
    code, said = log_in(login.arguments, place.project, environment | {"TERM": "xterm"}, login.back)
    return [] if code == 0 else [f"the login ended with {code}: {said[-500:]}"]


def _connect(program: Program, place: Place, environment: dict[str, str], asked: list[str]) -> list[str]:
    """Run `b24-mcp connect` twice; the second run must change nothing. Return what is wrong."""
    sources = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
    typed = [str(Path(environment["PATH"].split(os.pathsep)[0]) / "python"), "-m", "b24_mcp", "connect"]
    typed += [program.connected, "--scope", program.scope, "--yes", *asked]
    claude = str(Path(place.bin("claude", "claude")).parent)
    own = environment | {"PYTHONPATH": sources, "PATH": f"{environment['PATH']}{os.pathsep}{claude}"}
    wrong = []
    for expected in ("Written.", "connected already"):
        done = subprocess.run(
            typed, cwd=place.project, env=own, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        if done.returncode or expected not in done.stdout:
            wrong.append(f"connect did not print {expected!r}: {(done.stdout + done.stderr)[-300:]}")
    secrets = [environment.get("B24_WEBHOOK_URL", TOKEN), TOKEN]
    files = filter(Path.is_file, (*place.home.rglob("*"), *place.project.rglob("*")))
    found = [file for file in files if any(secret.encode() in file.read_bytes() for secret in secrets)]
    return wrong + [f"a secret is in {file}" for file in found]


def _paste(program: Program, folder: Path) -> None:
    """Copy the manifest as a user does it: into a new file, or into the existing one."""
    if not program.pasted:
        return
    text = (MANIFESTS / program.manifest).read_text("utf-8")
    target = folder / program.pasted
    target.parent.mkdir(parents=True, exist_ok=True)
    before = target.read_text("utf-8") if target.is_file() else ""
    together = json.dumps(json.loads(before) | json.loads(text)) if before.startswith("{") else before + text
    target.write_text(together, "utf-8")


def _run_client(command: Command, place: Place, environment: dict[str, str]) -> tuple[int | None, str, str]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        client = subprocess.Popen(
            command.arguments,
            cwd=place.project,
            env=environment | command.variables,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            code: int | None = client.wait(SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(client.pid, signal.SIGKILL)  # its own process group only
        client.wait()
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    return code, texts[0], texts[1]
