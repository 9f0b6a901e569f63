"""Fixtures of all tests: one asynchronous backend, and no settings of the machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.postgresql import PostgresServer, program, shared_server


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def clean_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the settings, proxies and files of the machine from the test."""
    for name in list(os.environ):
        if name.startswith("B24_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("XDG_DOCUMENTS_DIR", str(tmp_path / "documents"))
    monkeypatch.setenv("B24_STATE", str(tmp_path / "state" / "limits.db"))
    monkeypatch.setenv("B24_CONFIG", str(tmp_path / "config" / "portals.toml"))
    monkeypatch.setenv("B24_KEEP_SECRETS", "file")
    monkeypatch.setenv("B24_AUDIT", str(tmp_path / "audit"))
    monkeypatch.setenv("B24_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("B24_DOCS", "off")  # no test reaches the internet
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def user_env(tmp_path: Path) -> Path:
    """The path of `.env` in the user's configuration folder; the folder exists, the file does not."""
    path = tmp_path / "user" / "b24-mcp" / ".env"
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[tuple[PostgresServer, str]]:
    """A real PostgreSQL server of all test processes, and the name of this process's database in it.

    The database belongs to the login `b24`, which is no superuser.
    """
    if program("postgres") is None or program("initdb") is None:
        pytest.skip("PostgreSQL is not installed: no test of data sets in it was run")
    if find_spec("psycopg") is None or find_spec("psycopg_pool") is None:
        pytest.skip("the extra postgresql is not installed: no test of data sets in PostgreSQL was run")
    import_module("b24_mcp.records.postgresql")  # reads files, which no test may do while it waits for nothing
    base = tmp_path_factory.getbasetemp()
    with shared_server(base if worker_id == "master" else base.parent) as server:
        database = f"b24_{worker_id}"
        server.run(f"CREATE DATABASE {database} OWNER b24")
        yield server, database


@pytest.fixture
def postgresql_address(postgresql: tuple[PostgresServer, str]) -> Iterator[str]:
    """The address of an empty database for data sets. Everything in it is removed after the test."""
    server, database = postgresql
    yield server.address("b24", database)
    server.empty(database)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Redis that only the tests use."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    process = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "Ready to accept connections" in line:
            break
    yield f"redis://127.0.0.1:{port}/0"
    process.terminate()
    process.stdout.read()
    process.stdout.close()
    process.wait()
