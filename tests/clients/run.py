"""`python -m tests.clients.run [CLIENT …]` runs every client once, in each way of setup and over each transport.

It needs npm for the programs (about 1.5 GB in `.clients-node`, or CLIENTS_DIR) and root for a network namespace, in
which only this computer can be reached. Where one of them is missing, it prints this and exits with 0. For each run it
prints the way of setup, the portal that answered, and the protocol version.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.clients.checks import CHECKERS, check, checks
from tests.clients.client_run import QUIET, run, ways
from tests.clients.programs import PROGRAMS, Program
from tests.clients.services import portal, team_servers, web_server
from tests.installing import INSTALLED, install, is_sealed, missing, run_sealed


def main() -> int:
    """Install the missing programs, run the clients, and print a line for each run. Return 1 when a run failed."""
    parser = argparse.ArgumentParser(description="Real MCP clients against the server, offline.")
    parser.add_argument(
        "client",
        nargs="*",
        metavar="CLIENT",
        help=f"one of {', '.join(PROGRAMS)}; default: all, and the checks",
    )
    names = parser.parse_args().client
    if unknown := [name for name in names if name not in PROGRAMS]:
        parser.error(f"no such client: {', '.join(unknown)}")
    chosen = {name: PROGRAMS[name] for name in names or PROGRAMS}
    if is_sealed():
        failed = (0 if names else _checked()) + _played(chosen)
        return 1 if failed else 0
    if reason := missing():
        print(f"The clients were not run: {reason}")
        return 0
    wanted = {folder: package for program in chosen.values() for folder, package in program.packages.items()}
    if wrong := install(wanted if names else wanted | CHECKERS):
        print(wrong)
        return 1
    return run_sealed("tests.clients.run", names)


def _played(chosen: dict[str, Program]) -> int:
    """Run the clients, and return the number of failed runs."""
    failed = 0
    with portal() as webhook, web_server() as url, team_servers() as teams:
        if not url:
            print("This version does not serve over HTTP: runs over HTTP are skipped.")
        addresses = {"connect": webhook, "library": webhook, "http": url} | teams
        for name, program in chosen.items():
            for way in ways(program, url):
                outcome = run(name, program, way, addresses.get(way, ""), INSTALLED)
                failed += bool(outcome.wrong)
                print(
                    f"{'FAIL' if outcome.wrong else 'ok  '} {name:15} {way:9} {outcome.seconds:5.1f} s  "
                    f"{outcome.portal:8} {outcome.protocol:11} {'; '.join(outcome.wrong)}",
                    flush=True,
                )
    return failed


def _checked() -> int:
    """Check configurations and manifests with the clients' own programs, and return the number of failures."""
    failed = 0
    path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"])
    for one in checks(INSTALLED, sys.executable):
        wrong = check(one, QUIET | {"PATH": path}, sys.executable)
        failed += bool(wrong)
        print(f"{'FAIL' if wrong else 'ok  '} {one.name}  {wrong}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
