"""Programs by other authors that some runs need: installed below `.clients-node`, run without a network.

They come from npm, or from Python's package index when marked `pip:`, and stay for the next run. Several packages are
separated by spaces. Of one marked `files:` only its own files are there, without what it depends on. CLIENTS_DIR names
another folder.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
INSTALLED = Path(os.environ.get("CLIENTS_DIR", ROOT / ".clients-node"))
NODE = {"node22": "node@22"}
"""The interpreter for programs that need a newer one than the computer may have."""
_SEALED = "CLIENTS_SEALED"
_MARK = ".installed"
_FILES = "files:"


def node(programs: Path = INSTALLED) -> str:
    """Return the interpreter of `NODE`."""
    return str(programs / "node22/node_modules/node/bin/node")


def missing() -> str:
    """Return what is missing; empty when nothing is."""
    if shutil.which("npm") is None:
        return "npm is not here, and the programs come from its index."
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("unshare") is None:
        return "only root can make the network in which nothing but this computer is reachable."
    if subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode:
        return "this computer does not let us make a network of our own."
    return ""


def is_sealed() -> bool:
    """Whether this process is the one started by `run_sealed`."""
    return _SEALED in os.environ


def run_sealed(module: str, arguments: Sequence[str]) -> int:
    """Run a module in a network namespace that has only loopback; return its exit code."""
    sealed = ["unshare", "-n", "--", "sh", "-c", 'ip link set lo up && exec "$@"', "sealed"]
    again = [*sealed, sys.executable, "-m", module, *arguments]
    return subprocess.run(again, env=dict(os.environ) | {_SEALED: "1"}, check=False).returncode


def install(packages: Mapping[str, str], into: Path = INSTALLED, say: Callable[[str], None] = print) -> str:
    """Install each package into the folder of its key, unless the same version is there already.

    Return the error, or an empty text.
    """
    for folder, package in packages.items():
        target = into / folder
        mark = target / _MARK
        if mark.is_file() and mark.read_text("utf-8") == package:
            continue
        say(f"installing {package}")
        # Another version is there, or an interrupted installation.
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        done = subprocess.run(_command(package, target), cwd=target, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(target, ignore_errors=True)
            return f"{package} could not be installed: {done.stderr.strip()[-300:]}"
        mark.write_text(package, "utf-8")
    return ""


def _command(package: str, target: Path) -> list[str]:
    if package.startswith("pip:"):
        return [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target), *package[4:].split()]
    (target / "package.json").write_text('{"private": true}', "utf-8")
    names = [name for name in package.split() if not name.startswith(_FILES)]
    files = [name.removeprefix(_FILES) for name in package.split() if name.startswith(_FILES)]
    install = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", *names]
    if not files:
        return install
    unpack = f"for name in $(npm pack --silent {shlex.join(files)}); do tar -xzf $name && rm $name; done"
    return ["sh", "-c", f"{shlex.join([*install, '--ignore-scripts'])} && {unpack}"]
