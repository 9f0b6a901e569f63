"""`b24-mcp doctor`: entries of clients, and faults of the computer that would stop the server."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

import pytest

from b24_mcp.cli.diagnosis.extras import check_extras
from b24_mcp.config.settings import load_settings
from tests.cli.conftest import Run
from tests.cli.test_doctor import about, findings, home
from tests.postgresql import PostgresServer

__all__ = ["home"]


def configured(home: Path, entries: object) -> None:
    file = home / ".cursor" / "mcp.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"mcpServers": entries}))


def test_an_entry_of_another_program_is_not_counted_as_ours(run: Run, home: Path) -> None:
    configured(home, {"bitrix24": {"command": "npx", "args": ["--token", "s3cret"]}, "other": {"command": "x"}})
    found = findings(run, "--offline")
    said = about(found, "Cursor")
    assert "note: the entry bitrix24 is not of b24-mcp: it starts npx" in said
    assert "b24-mcp connect cursor --name b24-mcp" in said
    assert "s3cret" not in str(found)
    assert "no client is connected, found: cursor" in about(found, "clients")


def test_entries_of_ours_are_found_under_any_name(run: Run, home: Path) -> None:
    program = str(Path(sys.executable).parent / "b24-mcp")
    configured(home, {"mine": {"command": program}, "gone": {"command": "/nowhere/b24-mcp"}})
    found = findings(run, "--offline", code=1)
    said = about(found, "Cursor")
    assert f"connected as mine: starts {program}" in said
    assert "wrong: starts /nowhere/b24-mcp, which is not there Run b24-mcp connect cursor --name gone." in said
    assert about(found, "clients") == ""


def test_a_program_without_a_path_that_is_not_found_is_reported(run: Run, home: Path) -> None:
    configured(home, {"bitrix24": {"command": "b24-mcp"}})
    said = about(findings(run, "--offline", PATH="/nowhere"), "Cursor")
    assert "not on the PATH of this terminal" in said


def test_a_redis_server_that_does_not_answer_is_a_fault(run: Run, home: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        state = f"redis://:s3cret@127.0.0.1:{unused.getsockname()[1]}/0"
        found = findings(run, "--offline", code=1, B24_STATE=state)
    assert "wrong: the Redis server in B24_STATE does not answer" in about(found, "shared state")
    assert "s3cret" not in str(found)


def test_a_redis_server_that_answers_is_in_order(run: Run, home: Path, redis_url: str) -> None:
    assert "ok: Redis" in about(findings(run, "--offline", B24_STATE=redis_url), "shared state")


def test_a_database_that_does_not_answer_is_a_fault(run: Run, home: Path) -> None:
    found = findings(run, "--offline", code=1, B24_RECORDS="postgresql://b24:s3cret@127.0.0.1:1/x")
    assert "wrong: The database of data sets cannot be used: it does not answer" in about(found, "data sets")
    assert "s3cret" not in str(found)


def test_a_database_is_checked_with_the_rights_of_its_user(
    run: Run, home: Path, postgresql_address: str, postgresql: tuple[PostgresServer, str]
) -> None:
    assert "ok: postgresql://127.0.0.1:" in about(
        findings(run, "--offline", B24_RECORDS=postgresql_address), "data sets"
    )
    found = findings(run, "--offline", code=1, B24_RECORDS=postgresql[0].address())
    assert "wrong: postgres is a superuser" in about(found, "data sets")


@pytest.mark.parametrize(
    ("module", "extra", "settings"),
    [
        ("psycopg", "postgresql", {"B24_RECORDS": "postgresql://127.0.0.1:1/x"}),
        ("redis", "redis", {"B24_STATE": "redis://127.0.0.1:1/0"}),
        ("opentelemetry.sdk", "otel", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}),
        ("socksio", "socks", {"ALL_PROXY": '"socks://127.0.0.1:7891/"'}),
    ],
)
def test_an_extra_that_is_needed_and_missing_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, module: str, extra: str, settings: dict[str, str]
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("b24_mcp.cli.diagnosis.extras.find_spec", lambda name: None if name == module else object())
    (found,) = check_extras(load_settings())
    assert (found.status, found.to_do) == ("wrong", f"Install b24-mcp[{extra}].")
    monkeypatch.setattr("b24_mcp.cli.diagnosis.extras.find_spec", lambda name: object())
    assert list(check_extras(load_settings())) == []


def test_extras_for_files_are_only_a_note(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("b24_mcp.cli.diagnosis.extras.find_spec", lambda name: None)
    assert list(check_extras(load_settings())) == []
    monkeypatch.setenv("B24_FILES_DIR", str(tmp_path))
    (found,) = check_extras(load_settings())
    assert (found.status, found.said) == ("note", ".xlsx, .parquet and charts cannot be written")


def test_folders_that_cannot_be_written_are_faults(run: Run, home: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    found = findings(
        run,
        "--offline",
        code=1,
        B24_DATA_DIR=str(blocked / "data"),
        B24_STATE=str(blocked / "limits.db"),
        B24_AUDIT=str(blocked / "audit"),
        B24_FILES_DIR=str(blocked / "files"),
    )
    for topic in ("data", "shared state", "audit log", "files"):
        assert f"wrong: {blocked}" in about(found, topic), topic
