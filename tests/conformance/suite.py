"""The official conformance suite against the server with the fixture, over HTTP."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from b24_mcp.secrets import Redactor
from b24_mcp.server.http.application import http_application
from b24_mcp.server.http.options import PATH, HttpOptions
from b24_mcp.server.mcp_server import build_server
from b24_mcp.state import open_state
from tests.clients.services import answering
from tests.conformance.fixture import register
from tests.installing import node

# The released suite does not know 2026-07-28. The next one has the requirements of each revision, as released.
SUITES = {
    "conformance": "@modelcontextprotocol/conformance@0.1.16",
    "conformance-next": "@modelcontextprotocol/conformance@0.2.0-alpha.12",
}
_SECONDS = 180
_WITHOUT_SESSIONS = ["--expected-failures", str(Path(__file__).parent / "without_sessions.yaml")]


@dataclass(frozen=True, slots=True)
class Suite:
    """One run of a suite. At least `least` scenarios must pass: one that did not run does not count as failed."""

    name: str
    folder: str
    arguments: list[str]
    sessions: bool
    least: int


RUNS = [
    Suite("0.1.16, with sessions", "conformance", [], True, 30),
    Suite("2025-11-25, with sessions", "conformance-next", ["--requirements", "2025-11-25"], True, 30),
    Suite("2025-11-25", "conformance-next", ["--requirements", "2025-11-25", *_WITHOUT_SESSIONS], False, 24),
    Suite("2026-07-28", "conformance-next", ["--requirements", "2026-07-28"], False, 37),
]


@contextmanager
def served(sessions: bool) -> Iterator[str]:
    """Serve the fixture on loopback, and yield its address. The suite cannot send a token, so none is required."""
    server = build_server(Redactor())
    register(server)
    application, _ = http_application(server, HttpOptions(sessions=sessions), open_state("memory"))
    with answering(application, lifespan="on") as url:
        yield url + PATH


def run(suite: Suite, programs: Path, folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Run a suite with its output in `folder`. Return the number of passed scenarios, and what is wrong."""
    entry = programs / suite.folder / "node_modules/@modelcontextprotocol/conformance/dist/index.js"
    with served(suite.sessions) as url:
        command = [node(programs), str(entry), "server", "--url", url, "-o", str(folder), *suite.arguments]
        try:
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return 0, f"did not finish within {_SECONDS} s"
    (folder / "said.txt").write_text(done.stdout + done.stderr, "utf-8")
    return judge(suite, folder, done.returncode)


def judge(suite: Suite, folder: Path, code: int) -> tuple[int, str]:
    """Judge a run by its exit code and by the outcome of each check."""
    passed, failed = [], []
    for file in sorted(folder.glob("*/checks.json")):
        scenario = file.parent.name.removeprefix("server-").rpartition("-20")[0]
        said = {check["status"] for check in json.loads(file.read_text("utf-8"))}
        if "FAILURE" in said:
            failed.append(scenario)
        elif "SUCCESS" in said:
            passed.append(scenario)
    if code:
        # Some of these failures are expected; the suite knows which.
        return len(passed), f"exited with {code}; failed: {', '.join(failed) or 'nothing'}"
    if len(passed) < suite.least:
        return len(passed), f"only {len(passed)} scenarios passed, of at least {suite.least}"
    return len(passed), ""
