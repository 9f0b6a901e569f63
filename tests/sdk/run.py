"""Open a sandbox over TLS and run clients written by others against it, told of it by environment variables alone.

Run by ``make sdk``, which makes the environments first: Python clients in ``.venv-sdk``, the JavaScript one in
``.sdk-node`` (left out, with a line saying so, where npm is missing). A client whose source distribution contains its
tests runs these too: fast_bitrix24, unpacked in ``.sdk-suites``. b24pysdk and @bitrix24/b24jssdk are published
without tests, so the drivers in this folder stand for them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
# The authorization server has a name of its own, as in the world; both names are this computer's.
SERVE = (sys.executable, "-m", "b24_mcp", "sandbox", "--tls", "--port", "0", "--oauth-name", "localhost")
SETTINGS = (
    "url",
    "webhook",
    "webhook_user",
    "webhook_scope_user",
    "client_id",
    "client_secret",
    "access_token",
    "refresh_token",
    "expired_token",
    "member_id",
    "application_token",
    "authorize_url",
    "token_url",
    "server_endpoint",
)
RECORDED = ("test_server_responses.py",)
"""Tests of recorded answers, which the distribution does not contain."""


def main() -> int:
    """Run every suite; the exit code says whether all of them passed."""
    node = ROOT / ".sdk-node" / "node_modules" / "@bitrix24" / "b24jssdk"
    with _portal() as environment:
        failed = _run("b24pysdk and fast_bitrix24", [*_python(), "-m", "pytest", "-q", str(HERE)], environment)
        if node.is_dir():
            environment["B24_JSSDK"] = str(node)
            drivers = sorted(str(path) for path in HERE.glob("drive_*.mjs"))
            failed |= _run("@bitrix24/b24jssdk", ["node", "--test", *drivers], environment)
        else:
            _say("@bitrix24/b24jssdk: left out, there is no npm here")
    with _portal("--empty") as environment:  # the suite counts on records of its own only
        failed |= _own_suite("fast_bitrix24", environment)
    return int(failed)


@contextmanager
def _portal(*options: str) -> Iterator[dict[str, str]]:
    """A sandbox, and what a user of clients of it would set."""
    with subprocess.Popen([*SERVE, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True) as portal:
        try:
            assert portal.stdout is not None
            line = portal.stdout.readline()
            if not line.startswith("{"):
                raise SystemExit("The sandbox did not start.")
            yield _environment(json.loads(line))
        finally:
            portal.terminate()


def _own_suite(client: str, environment: dict[str, str]) -> bool:
    """Run the tests that a client carries, with the fixtures of ``fixtures_<client>.py``."""
    suite = ROOT / ".sdk-suites" / client
    if not (suite / "tests").is_dir():
        _say(f"the suite of {client}: left out, it is not unpacked")
        return False
    told = {**environment, "PYTHONPATH": str(HERE), "FAST_BITRIX24_TEST_WEBHOOK": environment["B24_WEBHOOK"]}
    options = ["-q", "-c", os.devnull, "--rootdir", str(suite), "-p", "no:cacheprovider", "--tb=short", "-W", "ignore"]
    options += ["-o", "asyncio_mode=auto"]
    options += ["-p", f"fixtures_{client}", *(f"--ignore={suite / 'tests' / name}" for name in RECORDED)]
    return _run(f"the suite of {client}", [*_python(), "-m", "pytest", *options, str(suite / "tests")], told)


def _python() -> list[str]:
    return [str(ROOT / ".venv-sdk" / "bin" / "python")]


def _environment(portal: dict[str, str]) -> dict[str, str]:
    """What a user of these clients would set: addresses, credentials, and the authority to trust."""
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment.update({f"B24_{name.upper()}": portal[name] for name in SETTINGS if portal[name]})
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        environment[name] = portal["ca"]
    return environment


def _run(title: str, command: list[str], environment: dict[str, str]) -> bool:
    _say(title)
    started = time.monotonic()
    failed = subprocess.run(command, cwd=ROOT, env=environment).returncode != 0
    _say(f"{title}: {'FAILED' if failed else 'passed'} in {time.monotonic() - started:.1f} s")
    return failed


def _say(line: str) -> None:
    sys.stdout.write(f"== {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
