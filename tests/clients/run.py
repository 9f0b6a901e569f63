"""`python -m tests.clients.run [CLIENT …]`: every client, set up in each way, over each transport, once.

Needs npm for the programs (about 1.5 GB below `.clients-node`, or CLIENTS_DIR) and root for a network of its own, in
which nothing is reachable but this computer; where one of them is missing it says so and ends with 0. Written down for
each run: the way it was set up, which portal answered, and the generation of the protocol.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.clients.checks import CHECKERS, check, checks
from tests.clients.playing import QUIET, run, ways
from tests.clients.programs import PROGRAMS, Program
from tests.clients.services import ROOT, portal, web_server

INSTALLED = Path(os.environ.get("CLIENTS_DIR", ROOT / ".clients-node"))


def main() -> int:
    """Install what is missing, run, and print a line for each run; ends with 1 when one of them failed."""
    parser = argparse.ArgumentParser(description="Real MCP clients against the server, offline.")
    parser.add_argument(
        "client", nargs="*", metavar="CLIENT", help=f"of {', '.join(PROGRAMS)}; default: all, and checks"
    )
    names = parser.parse_args().client
    if unknown := [name for name in names if name not in PROGRAMS]:
        parser.error(f"no such client: {', '.join(unknown)}")
    chosen = {name: PROGRAMS[name] for name in names or PROGRAMS}
    if "CLIENTS_SEALED" in os.environ:
        failed = (0 if names else _checked()) + _played(chosen)
        return 1 if failed else 0
    if reason := _missing():
        print(f"The clients were not run: {reason}")
        return 0
    wanted = {folder: package for program in chosen.values() for folder, package in program.packages.items()}
    if not all(_install(folder, package) for folder, package in (wanted | CHECKERS).items()):
        return 1
    sealed = ["unshare", "-n", "--", "sh", "-c", 'ip link set lo up && exec "$@"', "sealed"]
    again = [*sealed, sys.executable, "-m", "tests.clients.run", *names]
    return subprocess.run(again, env=dict(os.environ) | {"CLIENTS_SEALED": "1"}, check=False).returncode


def _played(chosen: dict[str, Program]) -> int:
    """Run the clients; how many runs were not right."""
    failed = 0
    with portal() as webhook, web_server() as url:
        if not url:
            print("This version does not serve over HTTP: that part is left out.")
        addresses = {"connect": webhook, "http": url}
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


if __name__ == "__main__":
    sys.exit(main())
