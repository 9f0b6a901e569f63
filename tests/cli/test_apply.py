"""`b24-mcp apply`."""

from __future__ import annotations

import json
import os
import signal
import subprocess

from tests.cli.conftest import PROGRAM, Run
from tests.loopback import loopback_portal

TITLES = '{"select": ["ID", "TITLE"]}'
SOURCE = '{"id": "$ID", "fields": {"SOURCE_ID": "WEB"}}'
APPLY = ["apply", "crm.deal.update", "--sql", "SELECT ID, TITLE FROM crm_deal_list ORDER BY ID", "-p", SOURCE]


def test_a_method_is_applied_to_the_rows_of_a_query(run: Run) -> None:
    with loopback_portal() as portal:
        settings = {"B24_WEBHOOK_URL": portal.address, "B24_ACCESS": "full"}
        run("list", "crm.deal.list", "-p", TITLES, "--limit", "60", **settings)
        dry = run(*APPLY, "--dry-run", **settings)
        assert dry.returncode == 0
        assert len(json.loads(dry.stdout)["first_calls"]) == 3
        done = run(*APPLY, **settings)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["succeeded"] == 60
        assert run(*APPLY, "--resume", "--save-as", "others", **settings).returncode == 1


def test_a_large_job_needs_approval_or_yes(run: Run) -> None:
    with loopback_portal() as portal:
        settings = {"B24_WEBHOOK_URL": portal.address}
        run("list", "crm.deal.list", "-p", TITLES, "--limit", "60", **settings)
        refused = run(*APPLY, **settings)
        assert refused.returncode == 1
        assert json.loads(refused.stdout)["error"]["code"] == "B24MCP_APPROVAL"
        assert run(*APPLY, "--yes", **settings).returncode == 0


def test_an_interrupted_job_is_continued_by_the_same_command(run: Run) -> None:
    with loopback_portal() as portal:
        settings = {"B24_WEBHOOK_URL": portal.address, "B24_ACCESS": "full"}
        run("list", "crm.deal.list", "-p", TITLES, "--limit", "100", **settings)
        run(*APPLY, "--dry-run", **settings)
        portal.sandbox.hold()
        command = [str(PROGRAM), *APPLY]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ) | settings)
        assert portal.sandbox.arrived.wait(20)
        process.send_signal(signal.SIGINT)
        portal.sandbox.let_go()
        out, _ = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "no row is sent twice" in json.loads(out)["notes"][0]
        answer = json.loads(run(*APPLY, **settings).stdout)
        assert (answer["succeeded"], answer["unknown"]) == (100, 0)


def test_wrong_arguments_are_explained(run: Run) -> None:
    assert run("apply", "crm.deal.update").returncode == 2
    done = run(*APPLY)
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "B24MCP_SQL"
