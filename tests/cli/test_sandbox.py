"""`b24-mcp sandbox`, from a shell."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import PROGRAM, Run


@contextmanager
def sandbox(*arguments: str) -> Iterator[str]:
    """A sandbox portal in another process, stopped with Ctrl-C; gives the address it printed."""
    process = subprocess.Popen(
        [PROGRAM, "sandbox", "--port", "0", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert out == ""
    assert "Traceback" not in errors


def test_it_prints_a_webhook_address_that_works(run: Run) -> None:
    with sandbox() as address:
        assert address.startswith("http://127.0.0.1:")
        answer = json.loads(run("call", "user.current", B24_WEBHOOK_URL=address).stdout)
    assert answer["ok"]
    assert "portal" not in answer


@pytest.mark.skipif(sys.platform == "win32", reason="the file stays open a moment longer there")
def test_a_file_keeps_its_data_across_restarts(run: Run, tmp_path: Path) -> None:
    added = {"fields": {"TITLE": "Останется"}}
    with sandbox("--db", str(tmp_path / "portal.db")) as address:
        made = json.loads(run("call", "crm.deal.add", "-p", json.dumps(added), B24_WEBHOOK_URL=address).stdout)
    with sandbox("--db", str(tmp_path / "portal.db")) as address:
        read = run("call", "crm.deal.get", "-p", json.dumps({"id": made["result"]}), B24_WEBHOOK_URL=address)
    assert json.loads(read.stdout)["result"]["TITLE"] == "Останется"


def test_an_empty_portal_has_no_deals(run: Run) -> None:
    with sandbox("--empty") as address:
        assert json.loads(run("call", "crm.deal.list", B24_WEBHOOK_URL=address).stdout)["total"] == 0


def test_a_port_that_is_taken_is_explained(run: Run) -> None:
    with sandbox() as address:
        done = run("sandbox", "--port", address.split(":")[2].split("/")[0])
    assert done.returncode == 1
    assert "cannot listen on port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_cannot_be_opened_is_explained(run: Run, tmp_path: Path) -> None:
    (tmp_path / "not.db").write_bytes(os.urandom(4096))
    for path in (tmp_path / "not.db", tmp_path / "no" / "such" / "folder.db"):
        done = run("sandbox", "--port", "0", "--db", str(path))
        assert done.returncode != 0
        assert str(path.name) in done.stderr
        assert "Traceback" not in done.stderr
