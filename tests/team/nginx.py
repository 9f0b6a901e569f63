"""A real nginx with the configuration of `deploy/`, for servers on this computer."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from b24_sandbox.certificates import Certificates, issue

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx.conf"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def configuration(folder: Path, certificates: Certificates, port: int, servers: Sequence[int]) -> str:
    """Return the configuration with the places and ports of this computer. Nothing else is changed."""
    text = CONFIGURATION.read_text("utf-8")
    first = "server one:8024 max_fails=2 fail_timeout=5s;"
    second = first.replace("one", "two")
    assert first in text
    assert second in text
    own = " ".join(f"server 127.0.0.1:{one} max_fails=2 fail_timeout=5s;" for one in servers)
    changes = {
        first: own,
        second: "",
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/nginx/tls/fullchain.pem": str(certificates.certificate),
        "/etc/nginx/tls/privkey.pem": str(certificates.key),
        "/dev/stdout": str(folder / "access.log"),
    }
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    # Files that a service of the system has elsewhere.
    places = "".join(
        f"    {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = text.replace("http {\n", "http {\n" + places, 1)
    return f"pid {folder}/nginx.pid;\ndaemon off;\nerror_log {folder}/error.log notice;\n" + text


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def write_configuration(folder: Path, port: int, servers: Sequence[int]) -> tuple[Path, Certificates]:
    """Write the configuration and a certificate for loopback to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    certificates = issue(folder, ("127.0.0.1", "localhost"))
    file = folder / "nginx.conf"
    file.write_text(configuration(folder, certificates, port, servers), "utf-8")
    return file, certificates


@contextmanager
def running_nginx(folder: Path, port: int, servers: Sequence[int]) -> Iterator[Certificates]:
    """Run nginx in front of servers on these ports. Yield its certificate."""
    assert NGINX is not None
    file, certificates = write_configuration(folder, port, servers)
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(file)], stderr=subprocess.DEVNULL)
    try:
        _wait_until_it_listens(port, process, folder)
        yield certificates
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_it_listens(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    log = folder / "error.log"
    raise AssertionError(log.read_text("utf-8") if log.exists() else "nginx did not start")


def locations() -> set[str]:
    """Return the places that the configuration forwards or refuses."""
    return set(re.findall(r"location (?:= )?(\S+) \{", CONFIGURATION.read_text("utf-8")))
