"""`python -m tests.conformance.run` runs the conformance suite and the Inspector offline; exits with 1 on a failure.

It needs npm for the programs (400 MB in `.clients-node`, or CLIENTS_DIR) and root for a network namespace. Where one of
them is missing, it prints this and exits with 0.
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

from tests.clients.client_run import QUIET
from tests.clients.services import web_server
from tests.conformance.inspector import INSPECTOR, Look, look, looks
from tests.conformance.suite import RUNS, SUITES, run
from tests.installing import INSTALLED, NODE, install, is_sealed, missing, run_sealed

_IN_PARALLEL = 2
_PATH = {"PATH": os.pathsep.join(["/usr/local/bin", "/usr/bin", "/bin"])}


def main() -> int:
    """Install the missing programs, run everything, and print a line for each run."""
    if is_sealed():
        logging.disable(logging.WARNING)  # the suite sends wrong requests on purpose
        warnings.simplefilter("ignore", MCPDeprecationWarning)  # the suite uses older protocols
        return 1 if _suites() + _looks() else 0
    if reason := missing():
        print(f"Conformance was not checked: {reason}")
        return 0
    if wrong := install(NODE | SUITES | INSPECTOR):
        print(wrong)
        return 1
    return run_sealed("tests.conformance.run", [])


def _suites() -> int:
    """Run the suites, and return the number of failures. The files of a failed run are kept."""
    failed = 0
    for suite in RUNS:
        folder = Path(tempfile.mkdtemp(prefix="b24-conformance-"))
        begin = time.monotonic()
        passed, wrong = run(suite, INSTALLED, folder, QUIET | _PATH | {"HOME": str(folder)})
        _report(f"suite {suite.name}: {passed} scenarios", time.monotonic() - begin, wrong and f"{wrong}; see {folder}")
        failed += bool(wrong)
        if not wrong:
            shutil.rmtree(folder, ignore_errors=True)
    return failed


def _looks() -> int:
    """Run the Inspector, and return the number of failures."""

    def timed(one: Look) -> tuple[Look, float, str]:
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="b24-inspector-") as home:
            wrong = look(one, INSTALLED, Path(home), QUIET | _PATH)
        return one, time.monotonic() - begin, wrong

    failed = 0
    with web_server() as url, ThreadPoolExecutor(_IN_PARALLEL) as pool:
        for one, seconds, wrong in pool.map(timed, looks(url)):
            _report(f"inspector {one.name}", seconds, wrong)
            failed += bool(wrong)
    return failed


def _report(what: str, seconds: float, wrong: str) -> None:
    print(f"{'FAIL' if wrong else 'ok  '} {what}, {seconds:.1f} s  {wrong}".rstrip(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
