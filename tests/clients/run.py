"""`python -m tests.clients.run [CLIENT …]`: every client, set up in each way, over each transport, once.

Needs npm for the programs (about 1.5 GB below `.clients-node`, or CLIENTS_DIR) and root for a network of its own, in
which nothing is reachable but this computer; where one of them is missing it says so and ends with 0. Written down for
each run: the transport, the way it was set up, which portal answered, and the generation of the protocol.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import uvicorn
from starlette.applications import Starlette

from tests.clients.checks import CHECKERS, check, checks
from tests.clients.cursor_backend import cursor_backend
from tests.clients.model import model
from tests.clients.programs import MANIFESTS, PROGRAMS, Command, Place, Program
from tests.clients.script import Call

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
OURS = str(Path(sys.executable).parent / "b24-mcp")
INSTALLED = Path(os.environ.get("CLIENTS_DIR", ROOT / ".clients-node"))
SECONDS = 120
Way = Literal["connect", "manifest", "http"]

SCRIPT = (
    Call(
        "batch_call",
        {
            "commands": {
                "who": {"method": "user.current"},
                "deals": {"method": "crm.deal.list", "params": {"select": ["ID"]}},
                "missing": {"method": "crm.deal.get", "params": {"id": 999999}},
            },
            "halt": False,
        },
    ),
    Call("call_method", {"method": "crm.deal.get", "params": {"id": 999998}}),
)
# The chief of the invented company, the count of its commands, and the kind of failure: only our server says these.
SAID = ("Левченко", "not_found", "executed")
SANDBOX = "sandbox (invented data"
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


@dataclass
class Outcome:
    """What came of one run; `wrong` says everything that is not as it should be."""

    seconds: float = 0
    portal: str = ""
    protocol: str = ""
    wrong: list[str] = field(default_factory=list)


def main() -> int:
    """Install what is missing, run, and print a line for each run; ends with 1 when one of them failed."""
    chosen = {name: PROGRAMS[name] for name in (sys.argv[1:] or PROGRAMS)}
    if "CLIENTS_SEALED" not in os.environ:
        if reason := _missing():
            print(f"The clients were not run: {reason}")
            return 0
        wanted = {folder: package for program in chosen.values() for folder, package in program.packages.items()}
        if not all(_install(folder, package) for folder, package in (wanted | CHECKERS).items()):
            return 1
        all_of_it = {} if sys.argv[1:] else {"CLIENTS_ALL": "1"}
        sealed = ["unshare", "-n", "--", "sh", "-c", 'ip link set lo up && exec "$@"', "sealed"]
        again = [*sealed, sys.executable, "-m", "tests.clients.run", *chosen]
        return subprocess.run(again, env=dict(os.environ) | {"CLIENTS_SEALED": "1"} | all_of_it, check=False).returncode
    failed = 0 if sys.argv[1:] and "CLIENTS_ALL" not in os.environ else _checked()
    with portal() as address, web_server() as url:
        for name, program in chosen.items():
            for way in ways(program, url):
                outcome = run(name, program, way, url if way == "http" else address if way == "connect" else "")
                failed += bool(outcome.wrong)
                print(
                    f"{'FAIL' if outcome.wrong else 'ok  '} {name:15} {way:9} {outcome.seconds:5.1f} s  "
                    f"{outcome.portal:8} {outcome.protocol:11} {'; '.join(outcome.wrong)}",
                    flush=True,
                )
    return 1 if failed else 0


def _checked() -> int:
    """Let the programs check what we wrote for them; how many said that something is wrong."""
    failed = 0
    path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"])
    for one in checks(INSTALLED, sys.executable):
        wrong = check(one, QUIET | {"PATH": path}, sys.executable)
        failed += bool(wrong)
        print(f"{'FAIL' if wrong else 'ok  '} {one.name}  {wrong}", flush=True)
    return failed


def _missing() -> str:
    """What this needs and has not; empty when nothing is missing."""
    if shutil.which("npm") is None:
        return "npm is not here, and the clients come from its index."
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("unshare") is None:
        return "only root can make the network in which nothing but this computer is reachable."
    if subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode:
        return "this computer does not let us make a network of our own."
    return ""


def _install(folder: str, package: str) -> bool:
    target = INSTALLED / folder
    if target.is_dir():
        return True
    target.mkdir(parents=True)
    print(f"installing {package}", flush=True)
    if package.startswith("pip:"):
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target), package[4:]]
    else:
        (target / "package.json").write_text('{"private": true}', "utf-8")
        command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", package]
    done = subprocess.run(command, cwd=target, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(target, ignore_errors=True)
        print(f"{package} could not be installed: {done.stderr.strip()[-300:]}")
    return done.returncode == 0


def ways(program: Program, url: str) -> list[Way]:
    """How this client is set up and reaches the server."""
    possible: dict[Way, object] = {
        "connect": program.connected,
        "manifest": program.manifest,
        "http": program.connected and url,
    }
    return [way for way, is_possible in possible.items() if is_possible]


def run(name: str, program: Program, way: Way, address: str) -> Outcome:
    """Set the client up in a home of its own, run it once, and judge what it says and what passed.

    `address` is the webhook in the client's environment, or the address of the server over HTTP.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"b24-client-{name}-"))
    outcome = Outcome()
    with answering(cursor_backend(SCRIPT) if program.cursor else model(SCRIPT)) as model_url:
        place = Place(folder / "home", folder / "project", model_url, INSTALLED)
        for made in (place.home / "tmp", place.project, folder / "bin"):
            made.mkdir(parents=True)
        log = folder / "tap.jsonl"
        _tap(folder / "bin", log)
        environment = _environment(place, folder / "bin", program)
        if way == "http":
            environment["B24_HTTP_TOKEN"] = TOKEN
        elif address:
            environment["B24_WEBHOOK_URL"] = address
        program.before(place)
        if way == "manifest":
            _paste(program, folder)
        else:
            outcome.wrong += _connect(program, place, environment, address if way == "http" else "")
        command = program.command(place)
        started = time.monotonic()
        code, said, errors = _played(command, place, environment)
        outcome.seconds = time.monotonic() - started
    _judge(outcome, way, code, said, log, expect_sandbox=way != "connect")
    if outcome.wrong:
        (folder / "said").write_text(said + "\n--- errors ---\n" + errors, "utf-8")
        outcome.wrong.append(f"see {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return outcome


def _tap(folder: Path, log: Path) -> None:
    """Put a `b24-mcp` into the folder that writes down what passes, and beside it an interpreter of its own."""
    tap = [sys.executable, str(HERE / "tap.py"), str(log), OURS]
    variables = f"PYTHONPATH={shlex.quote(str(ROOT))}"
    script = folder / "b24-mcp"
    script.write_text(f'#!/bin/sh\n{variables} exec {shlex.join(tap)} "$@"\n', "utf-8")
    script.chmod(0o755)
    (folder / "python").symlink_to(sys.executable)


def _environment(place: Place, tapped: Path, program: Program) -> dict[str, str]:
    node = [str(INSTALLED / "node22/node_modules/node/bin")] if "node22" in program.needs else []
    path = [str(tapped), *node, "/usr/local/bin", "/usr/bin", "/bin"]
    # Some programs unpack themselves into the folder for temporary files.
    return QUIET | {"HOME": str(place.home), "TMPDIR": str(place.home / "tmp"), "PATH": os.pathsep.join(path)}


def _connect(program: Program, place: Place, environment: dict[str, str], url: str) -> list[str]:
    """Type `b24-mcp connect`, twice: the second time must change nothing."""
    sources = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
    typed = [str(Path(environment["PATH"].split(os.pathsep)[0]) / "python"), "-m", "b24_mcp", "connect"]
    typed += [program.connected, "--scope", program.scope, "--yes", *(["--http", url, "--token"] if url else [])]
    claude = str(Path(place.bin("claude", "claude")).parent)
    own = environment | {"PYTHONPATH": sources, "PATH": f"{environment['PATH']}{os.pathsep}{claude}"}
    wrong = []
    for expected in ("Written.", "connected already"):
        done = subprocess.run(
            typed, cwd=place.project, env=own, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        if done.returncode or expected not in done.stdout:
            wrong.append(f"connect did not say {expected!r}: {(done.stdout + done.stderr)[-300:]}")
    secrets = [environment.get("B24_WEBHOOK_URL", TOKEN), TOKEN]
    files = filter(Path.is_file, (*place.home.rglob("*"), *place.project.rglob("*")))
    found = [file for file in files if any(secret.encode() in file.read_bytes() for secret in secrets)]
    return wrong + [f"a secret is in {file}" for file in found]


def _paste(program: Program, folder: Path) -> None:
    """Put the manifest where a person would: into a new file, or into the one that is there."""
    if not program.pasted:
        return
    text = (MANIFESTS / program.manifest).read_text("utf-8")
    target = folder / program.pasted
    target.parent.mkdir(parents=True, exist_ok=True)
    before = target.read_text("utf-8") if target.is_file() else ""
    together = json.dumps(json.loads(before) | json.loads(text)) if before.startswith("{") else before + text
    target.write_text(together, "utf-8")


def _played(command: Command, place: Place, environment: dict[str, str]) -> tuple[int, str, str]:
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
            code = client.wait(SECONDS)
        except subprocess.TimeoutExpired:
            code = -1
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(client.pid, signal.SIGKILL)  # what the client left behind: its own process group only
        client.wait()
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    return code, texts[0], texts[1]


def _judge(outcome: Outcome, way: Way, code: int, said: str, log: Path, *, expect_sandbox: bool) -> None:
    if code:
        outcome.wrong.append(f"ended with {code}" if code > 0 else f"not done after {SECONDS} s")
    outcome.wrong += [f"did not say {text}" for text in SAID if text not in said]
    outcome.portal = "sandbox" if SANDBOX in said else "webhook"
    if (outcome.portal == "sandbox") is not expect_sandbox:
        outcome.wrong.append("another portal answered")
    if way == "http":
        return
    passed = [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
    calls = [m["params"]["name"] for line in passed if (m := _message(line, "client")).get("method") == "tools/call"]
    if calls != [call.tool for call in SCRIPT]:
        outcome.wrong.append(f"called {calls}")
    if noise := [line["noise"] for line in passed if line["from"] == "server" and "noise" in line]:
        outcome.wrong.append(f"the server wrote {noise[0]!r}")
    outcome.protocol = _protocol(passed)


def _message(line: dict[str, Any], who: str) -> dict[str, Any]:
    message = line.get("message") if line["from"] == who else None
    return message if isinstance(message, dict) else {}


def _protocol(passed: list[dict[str, Any]]) -> str:
    """The generation agreed on: in the answer to `initialize`, or with every request."""
    for line in passed:
        result = _message(line, "server").get("result")
        if isinstance(result, dict) and "protocolVersion" in result:
            return str(result["protocolVersion"])
        meta = (_message(line, "client").get("params") or {}).get("_meta") or {}
        if "io.modelcontextprotocol/protocolVersion" in meta and "tools/" in str(
            _message(line, "client").get("method")
        ):
            return str(meta["io.modelcontextprotocol/protocolVersion"])
    return ""


@contextmanager
def answering(app: Starlette) -> Iterator[str]:
    """Serve an application on a free port of loopback, and give its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=free_port(), log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    _wait_for(server.config.port)
    try:
        yield f"http://127.0.0.1:{server.config.port}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)


@contextmanager
def portal() -> Iterator[str]:
    """A sandbox portal as a service, and its webhook."""
    with _started("sandbox", "--port", "0") as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["webhook"]


TOKEN = "a-token-for-this-run-of-the-clients-only"


@contextmanager
def web_server() -> Iterator[str]:
    """The server over HTTP on the sandbox, asking for the token; an empty address where it cannot serve so."""
    said = subprocess.run([OURS, "serve", "--help"], env=_own(), capture_output=True, text=True, check=False).stdout
    if "--http" not in said:
        print("This version does not serve over HTTP: that part is left out.")
        yield ""
        return
    port = free_port()
    with _started("serve", "--http", "--port", str(port), B24_HTTP_TOKEN=TOKEN):
        _wait_for(port)
        yield f"http://127.0.0.1:{port}/mcp"


@contextmanager
def _started(*arguments: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([OURS, *arguments], env=_own() | variables, **_PIPES)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


_PIPES: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}


def _own() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("B24_")}
    return kept | {"PYTHONPATH": str(ROOT), "B24_STATE": "memory"}


def free_port() -> int:
    """Give a port of loopback that nobody uses."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait_for(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nothing answers on port {port}")


if __name__ == "__main__":
    sys.exit(main())
