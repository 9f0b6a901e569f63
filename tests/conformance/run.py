"""`python -m tests.conformance.run`: the conformance suite and the Inspector, offline; ends with 1 when one fails.

Needs npm for the programs (400 MB below `.clients-node`, or CLIENTS_DIR) and root for a network of its own; where one
of them is missing it says so and ends with 0.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mcp import MCPDeprecationWarning

from tests.clients.playing import QUIET
from tests.clients.services import web_server
from tests.conformance.inspector import INSPECTOR, Look, look, looks
from tests.conformance.suite import RUNS, SUITES, run
from tests.installing import INSTALLED, NODE, install, is_sealed, missing, run_sealed

_AT_A_TIME = 2
_PATH = {"PATH": os.pathsep.join(["/usr/local/bin", "/usr/bin", "/bin"])}


def main() -> int:
    """Install what is missing, run, and print a line for each run."""
    if is_sealed():
        logging.disable(logging.WARNING)  # what the suite does wrong on purpose
        warnings.simplefilter("ignore", MCPDeprecationWarning)  # what it needs of the older protocols
        return 1 if _suites() + _looks() else 0
    if reason := missing():
        print(f"Conformance was not checked: {reason}")
        return 0
    if wrong := install(NODE | SUITES | INSPECTOR):
        print(wrong)
        return 1
    return run_sealed("tests.conformance.run", [])


def _suites() -> int:
    """Run the suites; how many were not right. What they wrote stays where one was not."""
    failed = 0
    for suite in RUNS:
        folder = Path(tempfile.mkdtemp(prefix="b24-conformance-"))
        begin = time.monotonic()
        passed, wrong = run(suite, INSTALLED, folder, QUIET | _PATH | {"HOME": str(folder)})
        _say(f"suite {suite.name}: {passed} scenarios", time.monotonic() - begin, wrong and f"{wrong}; see {folder}")
        failed += bool(wrong)
        if not wrong:
            shutil.rmtree(folder, ignore_errors=True)
    return failed


def _looks() -> int:
    """Let the Inspector look; how many times it was not right."""

    def timed(one: Look) -> tuple[Look, float, str]:
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="b24-inspector-") as home:
            wrong = look(one, INSTALLED, Path(home), QUIET | _PATH)
        return one, time.monotonic() - begin, wrong

    failed = 0
    with web_server() as url, ThreadPoolExecutor(_AT_A_TIME) as pool:
        for one, seconds, wrong in pool.map(timed, looks(url)):
            _say(f"inspector {one.name}", seconds, wrong)
            failed += bool(wrong)
    return failed


def _say(what: str, seconds: float, wrong: str) -> None:
    print(f"{'FAIL' if wrong else 'ok  '} {what}, {seconds:.1f} s  {wrong}".rstrip(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
