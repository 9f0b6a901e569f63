"""`b24-mcp list` and `b24-mcp records`."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import signal
import subprocess
from pathlib import Path

import pytest

from b24_mcp.cli.progress import RecentRate
from tests.cli.conftest import PROGRAM, Run
from tests.cli.terminal import on_a_terminal
from tests.loopback import SECRET, loopback_portal

TITLES = '{"select": ["ID", "TITLE"]}'


def test_a_list_is_read_and_its_first_rows_printed(run: Run) -> None:
    done = run("list", "crm.deal.list", "-p", TITLES)
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert (answer["records"], answer["count"], answer["complete"]) == ("crm_deal_list", 400, True)
    assert len(answer["rows"]) == 10
    assert answer["portal"].startswith("sandbox")


@pytest.mark.parametrize("ending", ["csv", "jsonl", "xlsx", "parquet"])
def test_all_rows_are_written_to_the_given_file(run: Run, tmp_path: Path, ending: str) -> None:
    (tmp_path / "sub").mkdir()
    done = run("list", "crm.deal.list", "-p", TITLES, "--out", f"sub/deals.{ending}")
    assert done.returncode == 0, done.stdout
    answer = json.loads(done.stdout)
    assert (answer["file"], answer["written"]) == (f"sub/deals.{ending}", 400)
    assert (tmp_path / "sub" / f"deals.{ending}").stat().st_size > 1_000


def test_csv_holds_every_row(run: Run, tmp_path: Path) -> None:
    run("list", "crm.deal.list", "-p", TITLES, "--out", "deals.csv")
    rows = list(csv.reader((tmp_path / "deals.csv").read_text("utf-8-sig").splitlines()))
    assert rows[0] == ["ID", "TITLE"]
    assert [row[0] for row in rows[1:]] == [str(number) for number in range(1, 401)]


def test_a_file_is_replaced_only_with_overwrite(run: Run, tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_text("mine")
    done = run("list", "crm.deal.list", "-p", TITLES, "--out", "deals.csv")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["hint"] == "--overwrite replaces it."
    assert (tmp_path / "deals.csv").read_text() == "mine"
    assert run("list", "crm.deal.list", "-p", TITLES, "--out", "deals.csv", "--overwrite").returncode == 0


def test_a_limited_list_is_resumed(run: Run) -> None:
    assert json.loads(run("list", "crm.deal.list", "-p", TITLES, "--limit", "100").stdout)["count"] == 100
    done = run("list", "crm.deal.list", "-p", TITLES, "--resume")
    assert json.loads(done.stdout)["count"] == 400
    assert run("list", "crm.deal.list", "-p", TITLES, "--resume").returncode == 1


def test_the_command_named_for_a_damaged_file_works(run: Run) -> None:
    assert run("list", "crm.deal.list", "--save-as", "deals").returncode == 0
    file = Path(json.loads(run("records", "list").stdout)["file"])
    content = file.read_bytes()
    file.write_bytes(content[:4_096] + b"\xa5" * (len(content) - 4_096))
    failed = run("records", "list")
    assert failed.returncode == 1
    error = json.loads(failed.stdout)["error"]
    assert error["code"] == "B24MCP_RECORDS_FILE"
    command = error["hint"].partition("`b24-mcp ")[2].partition("`")[0]
    done = run(*command.split())
    assert (done.returncode, json.loads(done.stdout)["set_aside"]) == (0, f"{file}.damaged")
    assert json.loads(run("records", "list").stdout)["data_sets"] == []
    assert run("list", "crm.deal.list", "--save-as", "deals").returncode == 0


def test_sets_are_listed_and_dropped(run: Run) -> None:
    run("list", "crm.deal.list", "-p", TITLES, "--save-as", "deals")
    listed = json.loads(run("records", "list").stdout)
    (found,) = listed["data_sets"]
    assert (found["records"], found["count"], found["columns"]) == ("deals", 400, {"ID": "integer", "TITLE": "text"})
    assert Path(listed["file"]).name == "sandbox@sandbox.invalid.db"
    assert json.loads(run("records", "drop", "deals").stdout)["dropped"] == "deals"
    assert json.loads(run("records", "list").stdout)["data_sets"] == []
    assert run("records", "drop", "deals").returncode == 1


def test_a_portal_and_the_sandbox_have_separate_data_sets(run: Run) -> None:
    run("list", "user.get", "--save-as", "people")
    with loopback_portal() as portal:
        listed = json.loads(run("records", "list", B24_WEBHOOK_URL=portal.address).stdout)
    assert listed["data_sets"] == []
    assert "sandbox" not in Path(listed["file"]).name
    assert SECRET not in listed["file"]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["list", "crm.deal.get"], 1),
        (["list", "crm.deal.list", "--save-as", "../x"], 1),
        (["list", "crm.deal.list", "--save-as", "order"], 1),
        (["list", "crm.deal.list", "--out", "deals.doc"], 1),
        (["list", "crm.deal.list", "--out", "no/such/folder/deals.csv"], 1),
        (["list", "crm.deal.list", "--out", "."], 2),
        (["list", "crm.deal.list", "--limit", "0"], 2),
        (["list", "crm.deal.list", "-p", "5"], 2),
        (["list"], 2),
        (["records", "drop"], 2),
    ],
)
def test_what_cannot_be_done_is_explained(run: Run, arguments: list[str], status: int) -> None:
    done = run(*arguments)
    assert done.returncode == status
    assert "Traceback" not in done.stdout + done.stderr
    if status == 1:
        assert json.loads(done.stdout)["error"]["hint"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no terminals of this kind")
def test_on_a_terminal_a_bar_shows_the_progress() -> None:
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, "list", "crm.deal.list", "-p", TITLES],
        stdout=subprocess.PIPE,
        stderr=follower,
    ) as program:
        os.close(follower)
        shown = b""
        while b"400/400" not in shown:
            shown += os.read(leader, 4_096)
        output, _ = program.communicate(timeout=60)
    os.close(leader)
    assert b"rows" in shown
    assert json.loads(output)["count"] == 400


@pytest.mark.skipif(os.name == "nt", reason="Windows has other interruptions")
def test_ctrl_c_keeps_the_rows_and_resume_continues(run: Run) -> None:
    """The program is interrupted after the first rows from a slow sandbox."""
    with subprocess.Popen(
        [PROGRAM, "sandbox", "--port", "0", "--latency", "0.5"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as sandbox:
        assert sandbox.stdout is not None
        address = json.loads(sandbox.stdout.readline())["webhook"]
        settings = dict(os.environ) | {"B24_WEBHOOK_URL": address, "B24_PLAN": "none"}
        command = ["list", "crm.contact.list", "-p", '{"order": {"NAME": "ASC"}, "select": ["ID", "NAME"]}']
        leader, follower = pty.openpty()
        reading = subprocess.Popen([PROGRAM, *command], stdout=subprocess.PIPE, stderr=follower, env=settings)
        os.close(follower)
        os.read(leader, 100)  # the bar appears with the first rows
        reading.send_signal(signal.SIGINT)
        output, _ = reading.communicate(timeout=60)
        os.close(leader)
        done = run(*command, "--resume", B24_WEBHOOK_URL=address, B24_PLAN="none")
        sandbox.terminate()
    answer = json.loads(output)
    assert reading.returncode == 130
    assert (answer["ok"], answer["interrupted"]) == (False, True)
    assert 0 < answer["count"] < 300
    assert "resume" in answer["notes"][0]
    assert json.loads(done.stdout)["count"] == 300


def test_a_refresh_reads_what_changed(run: Run) -> None:
    with loopback_portal() as portal:
        settings = {"B24_WEBHOOK_URL": portal.address}
        assert run("list", "crm.deal.list", "-p", TITLES, **settings).returncode == 0
        changed = '{"id": 5, "fields": {"TITLE": "Changed"}}'
        assert run("call", "crm.deal.update", "-p", changed, **settings).returncode == 0
        done = run("list", "crm.deal.list", "--refresh", **settings)
        assert (done.returncode, json.loads(done.stdout)["changes"]["updated"]) == (0, 1)
        found = run("query", "SELECT id, field, new FROM crm_deal_list_changes", **settings)
        assert json.loads(found.stdout)["rows"] == [[5, "TITLE", "Changed"]]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_limited_file_is_continued_by_resume(run: Run, tmp_path: Path, ending: str) -> None:
    command = ["list", "crm.deal.list", "-p", TITLES, "--out", f"q.{ending}"]
    assert json.loads(run(*command, "--limit", "5").stdout)["written"] == 5
    done = run(*command, "--resume")
    assert (done.returncode, json.loads(done.stdout)["written"]) == (0, 400)


def test_resume_does_not_replace_a_file_that_was_changed(run: Run, tmp_path: Path) -> None:
    command = ["list", "crm.deal.list", "-p", TITLES, "--out", "q.csv"]
    run(*command, "--limit", "5")
    (tmp_path / "q.csv").write_text("mine")
    done = run(*command, "--resume")
    assert (done.returncode, "--overwrite" in done.stderr) == (1, True)
    assert (tmp_path / "q.csv").read_text() == "mine"


def test_rows_are_printed_for_the_next_program_of_a_pipe(run: Run) -> None:
    done = run("list", "crm.deal.list", "-p", TITLES, "--out", "-")
    assert done.returncode == 0, done.stderr
    rows = list(csv.reader(done.stdout.splitlines()))
    assert (rows[0], len(rows)) == (["ID", "TITLE"], 401)
    done = run("export", "SELECT ID FROM crm_deal_list ORDER BY ID LIMIT 2", "-", "--format", "jsonl")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [{"ID": 1}, {"ID": 2}]
    done = run("export", "SELECT nosuch FROM crm_deal_list", "-")
    assert (done.returncode, done.stdout.startswith('{"ok":false')) == (1, True)


def test_the_rate_and_the_estimate_come_from_recent_rows() -> None:
    seconds = 0.0
    rate = RecentRate(lambda: seconds)
    for rows in (0, 1_000, 2_000):  # 1,000 rows a second, then 10
        rate.add(rows)
        seconds += 1
    assert rate.text(2_000, 5_000) == "1000/s, 0:03 left"
    for second in range(60):
        seconds += 1
        rate.add(2_000 + 10 * second)
    assert rate.text(2_590, 5_000).startswith("10/s, 4:0")
    assert rate.text(2_590, 100_000) == "10/s, 2:42:21 left"
    assert RecentRate(lambda: 0.0).text(1, 2) == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no terminals of this kind")
def test_progress_fits_a_narrow_terminal() -> None:
    _, shown = on_a_terminal("list", "crm.deal.list", "-p", TITLES, columns=40)
    progress = [part for part in re.split("[\r\n]", shown) if "/400" in part]
    assert progress
    assert max(len(part) for part in progress) < 40
