"""`b24-mcp stats`: the most frequent refusals and errors, without values."""

from __future__ import annotations

import json
from pathlib import Path

from b24_mcp.app.fault_counts import FaultCounts
from tests.cli.conftest import Run
from tests.cli.terminal import on_a_terminal


def test_failures_are_counted_by_method_and_code_without_values(run: Run, tmp_path: Path) -> None:
    for _ in range(2):
        run("call", "crm.deal.add", "-p", '{"fields": {"TITEL": "private-words"}}')
    run("call", "crm.deals.list")
    run("call", "private-words.x")
    faults = json.loads(run("stats").stdout)["faults"]
    assert (faults[0]["count"], faults[0]["method"], faults[0]["code"]) == (2, "crm.deal.add", "B24MCP_PARAMS")
    assert {(one["method"], one["code"]) for one in faults[1:]} >= {("crm.deals.list", "B24MCP_UNKNOWN_METHOD")}
    assert b"private-words" not in (tmp_path / "data" / "stats.db").read_bytes()
    _, shown = on_a_terminal("stats")
    assert "B24MCP_PARAMS" in shown
    assert run("stats", "--clear").returncode == 0
    assert json.loads(run("stats").stdout)["faults"] == []


def test_nothing_is_counted_when_the_setting_is_off(run: Run, tmp_path: Path) -> None:
    run("call", "crm.deals.list", B24_STATS="false")
    assert not (tmp_path / "data" / "stats.db").exists()
    assert "nothing is counted" in run("stats", B24_STATS="false").stdout


def test_the_counts_are_bounded_and_the_frequent_ones_stay(tmp_path: Path) -> None:
    counts = FaultCounts(tmp_path)
    for _ in range(3):
        counts.add("crm.deal.add", "FREQUENT", 1.0)
    for number in range(510):
        counts.add("", f"RARE_{number}", 2.0 + number)
    kept = counts.most_frequent(1_000)
    assert len(kept) == 500
    assert (kept[0].code, kept[0].count) == ("FREQUENT", 3)


def test_a_damaged_file_of_counts_breaks_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "stats.db").write_bytes(b"not a database" * 100)
    assert json.loads(run("call", "crm.deals.list").stdout)["error"]["code"] == "B24MCP_UNKNOWN_METHOD"
    assert json.loads(run("stats").stdout)["faults"] == []


def test_without_a_failure_a_terminal_says_so(tmp_path: Path) -> None:
    code, shown = on_a_terminal("stats", B24_DATA_DIR=str(tmp_path))
    assert (code, shown.splitlines()[0]) == (0, "No refusals or errors were counted yet.")
