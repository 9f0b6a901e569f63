"""A real PostgreSQL server for tests: one for all test processes, a database for each.

The server is started from the programs of the system, as another user where the tests run as root, which PostgreSQL
refuses. Its last user stops it, and a watcher does if they were killed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from glob import glob
from pathlib import Path
from typing import Any

PASSWORD = "pg-secret-of-the-tests"
_SUPERUSER = "postgres"
_SETTINGS = {
    "fsync": "off",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "log_min_messages": "fatal",
    "shared_buffers": "64MB",
}


# It looks at the users of the server every second, until the server is stopped.
_WATCHER = """
import json, os, shutil, signal, sys, time
notes, pid, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
def lives(number):
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
while os.path.exists(folder):
    time.sleep(1)
    try:
        users = json.load(open(notes))["users"]
    except ValueError:
        continue
    except OSError:
        users = []
    if not any(map(lives, users)):
        if lives(pid):
            os.kill(pid, signal.SIGQUIT)
        time.sleep(1)
        shutil.rmtree(folder, ignore_errors=True)
"""


@dataclass(frozen=True)
class PostgresServer:
    """A running server. `port` is on 127.0.0.1."""

    port: int
    pid: int
    folder: str

    def address(self, user: str = _SUPERUSER, database: str = "postgres") -> str:
        """Return the address of a database for a user."""
        return f"postgresql://{user}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the superuser."""
        import psycopg

        with psycopg.connect(self.address(database=database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def empty(self, database: str) -> None:
        """End all connections to a database and remove the schemas and logins of data sets in it."""
        import psycopg

        with psycopg.connect(self.address(database=database), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            for (name,) in connection.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^b24_'").fetchall():
                connection.execute(f'DROP SCHEMA "{name}" CASCADE'.encode())
            query = (
                "SELECT rolname FROM pg_roles WHERE rolname ~ '^b24_' AND right(rolname, 8) = left(encode(sha256("
                "convert_to((SELECT oid::text || datname FROM pg_database WHERE datname = current_database()), "
                "'UTF8')), 'hex'), 8)"
            )
            for (name,) in connection.execute(query).fetchall():
                connection.execute(f'DROP OWNED BY "{name}"'.encode())
                connection.execute(f'DROP ROLE "{name}"'.encode())


def program(name: str) -> str | None:
    """Return the path of a program of PostgreSQL; None if it is not installed."""
    found = shutil.which(name)
    folders = sorted(glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)
    return os.path.realpath(found) if found else next(iter(folders), None)


@contextmanager
def shared_server(shared: Path) -> Iterator[PostgresServer]:
    """Use the server whose notes are in a folder that all test processes share. The first one starts it."""
    notes = shared / "postgresql.json"
    with _locked(shared):
        known: dict[str, Any] = json.loads(notes.read_text()) if notes.exists() else {"users": []}
        is_new = not known["users"]
        if is_new:
            known = {"users": [], **asdict(_start())}
        known["users"].append(os.getpid())
        notes.write_text(json.dumps(known))
        if is_new:
            watch = [sys.executable, "-c", _WATCHER, str(notes), str(known["pid"]), known["folder"]]
            subprocess.Popen(watch, start_new_session=True, stdin=subprocess.DEVNULL).returncode = 0
    try:
        yield PostgresServer(known["port"], known["pid"], known["folder"])
    finally:
        with _locked(shared):
            known = json.loads(notes.read_text())
            known["users"].remove(os.getpid())
            notes.write_text(json.dumps(known))
            if not known["users"]:
                _stop(known["pid"], known["folder"])


@contextmanager
def _locked(shared: Path) -> Iterator[None]:
    import fcntl

    with (shared / "postgresql.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _start() -> PostgresServer:
    user = _other_user() if os.geteuid() == 0 else None
    folder = tempfile.mkdtemp(prefix="b24-postgresql-")
    if user is not None:
        shutil.chown(folder, user)
    data, password = f"{folder}/data", Path(folder) / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    initdb, postgres = program("initdb"), program("postgres")
    assert initdb is not None
    assert postgres is not None
    options = ["-U", _SUPERUSER, "--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--no-sync"]
    subprocess.run(
        [initdb, "-D", data, *options, f"--pwfile={password}"],
        user=user,
        check=True,
        capture_output=True,
        cwd=folder,
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = [f"--{name}={value}" for name, value in (_SETTINGS | {"port": str(port)}).items()]
    process = subprocess.Popen(
        [postgres, "-D", data, *settings],
        user=user,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    process.returncode = 0  # it is stopped by its number, perhaps from another process
    server = PostgresServer(port, process.pid, folder)
    _wait(server)
    server.run(f"CREATE ROLE b24 LOGIN CREATEROLE PASSWORD '{PASSWORD}'")
    return server


def _wait(server: PostgresServer) -> None:
    import psycopg

    ends = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(server.address(), connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.05)


def _stop(pid: int, folder: str) -> None:
    os.kill(pid, signal.SIGINT)
    ends = time.monotonic() + 10
    while os.path.exists(f"{folder}/data/postmaster.pid") and time.monotonic() < ends:
        time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)


def _other_user() -> str:
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)
