"""The judges of conformance runs find failures, and the fixture offers what the suite needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client

from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from tests import installing
from tests.conformance.fixture import register
from tests.conformance.inspector import Look, looks
from tests.conformance.inspector import judge as judge_look
from tests.conformance.suite import RUNS, SUITES, Suite, judge, served

SUITE = Suite("one", "conformance", [], sessions=False, least=2)


def checked(folder: Path, **scenarios: list[str]) -> Path:
    """Write the files of a run: for each scenario one with the outcome of every check."""
    for name, outcomes in scenarios.items():
        written = folder / f"server-{name.replace('_', '-')}-2026-11-22T19-59-35-331Z" / "checks.json"
        written.parent.mkdir()
        written.write_text(json.dumps([{"status": outcome} for outcome in outcomes]), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("code", "scenarios", "passed", "wrong"),
    [
        (0, {"ping": ["SUCCESS"], "tools_list": ["SUCCESS", "INFO"]}, 2, ""),
        (1, {"ping": ["SUCCESS"], "tools_list": ["SUCCESS", "FAILURE"]}, 1, "exited with 1; failed: tools-list"),
        (0, {"ping": ["SUCCESS"], "tools_list": ["SKIPPED"]}, 1, "only 1 scenarios passed, of at least 2"),
        (0, {}, 0, "only 0 scenarios passed, of at least 2"),
        (7, {}, 0, "exited with 7; failed: nothing"),
    ],
)
def test_a_run_of_the_suite_is_judged_by_its_exit_code_and_its_checks(
    tmp_path: Path, code: int, scenarios: dict[str, list[str]], passed: int, wrong: str
) -> None:
    assert judge(SUITE, checked(tmp_path, **scenarios), code) == (passed, wrong)


@pytest.mark.parametrize(
    ("code", "said", "wrong"),
    [
        (5, "tool_is_error", ""),
        (0, "tool_is_error", "exited with 0, not 5: tool_is_error"),
        (5, "hello", "did not print tool_is_error: hello"),
    ],
)
def test_a_run_of_the_inspector_is_judged_by_its_exit_code_and_its_output(code: int, said: str, wrong: str) -> None:
    assert judge_look(Look("one", [], 5, ("tool_is_error",)), code, said) == wrong


def test_the_inspector_checks_both_transports_in_both_protocol_versions() -> None:
    names = [one.name for one in looks("http://127.0.0.1:1/mcp")]
    assert len(names) == len(set(names))
    for way in ("stdio 2025-11-25", "stdio 2026-07-28", "http 2025-11-25", "http 2026-07-28"):
        assert f"{way} tools/list --strict" in names


def test_every_run_has_its_suite() -> None:
    assert {suite.folder for suite in RUNS} == set(SUITES)


async def test_the_fixture_adds_tools_and_changes_none_of_the_server() -> None:
    plain, more = build_server(Redactor()), build_server(Redactor())
    register(more)
    async with Client(plain) as one, Client(more) as other:
        ours = {tool.name: tool for tool in (await one.list_tools()).tools}
        all_of_them = {tool.name: tool for tool in (await other.list_tools()).tools}
    assert {name: all_of_them[name] for name in ours} == ours
    added = set(all_of_them) - set(ours)
    # Without these two tools, the suite would accept the error for an unknown tool as their answer.
    assert {"test_simple_text", "test_error_handling"} <= added
    assert all(name.startswith("test_") for name in added)


@pytest.mark.parametrize("sessions", [True, False])
def test_the_fixture_is_served_over_http_with_sessions_or_without(sessions: bool) -> None:
    about: Any = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": about}
    with served(sessions) as url:
        answer = httpx.post(url, json=body, headers={"accept": "application/json, text/event-stream"})
    assert answer.status_code == 200
    assert ("mcp-session-id" in answer.headers) is sessions


# --- Installation --------------------------------------------------------------------------------------------------


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An `npm` that logs its arguments, and fails for a package named broken."""
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    log = tmp_path / "log"
    program.write_text(f'#!/bin/sh\necho "$@" >> {log}\ncase "$*" in *broken*) echo no >&2; exit 1;; esac\n', "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return log


def test_a_program_is_installed_once_and_again_in_another_version(npm: Path, tmp_path: Path) -> None:
    said: list[str] = []
    for package in ("one@1", "one@1", "one@2"):
        assert installing.install({"one": package}, tmp_path / "programs", said.append) == ""
    assert said == ["installing one@1", "installing one@2"]
    assert len(npm.read_text("utf-8").splitlines()) == 2


def test_an_interrupted_installation_is_repeated(npm: Path, tmp_path: Path) -> None:
    left = tmp_path / "programs" / "one" / "node_modules"
    left.mkdir(parents=True)
    assert installing.install({"one": "one@1"}, tmp_path / "programs", lambda _: None) == ""
    assert not left.exists()


def test_a_failed_installation_is_reported_and_leaves_nothing(npm: Path, tmp_path: Path) -> None:
    wrong = installing.install({"one": "broken@1"}, tmp_path / "programs", lambda _: None)
    assert wrong == "broken@1 could not be installed: no"
    assert not (tmp_path / "programs" / "one").exists()


def test_a_missing_npm_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "npm is not here" in installing.missing()
