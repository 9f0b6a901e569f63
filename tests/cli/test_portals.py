"""`b24-mcp portals`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run
from tests.cli.terminal import on_a_terminal
from tests.loopback import SECRET, loopback_portal

CLOSED = f"http://127.0.0.1:9/rest/1/{SECRET}/\n"


def written(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.rglob("*") if path.is_file() and path.name != "secrets.json")


def test_a_portal_is_added_after_it_named_the_user(run: Run, tmp_path: Path) -> None:
    with loopback_portal() as portal:
        done = run("portals", "add", "main", "--access", "read", typed=portal.address + "\n")
    assert done.returncode == 0, done.stderr
    assert "administrator" in done.stdout
    assert SECRET not in done.stdout + done.stderr + written(tmp_path)
    rows = json.loads(run("portals", "list", "--json").stdout)
    assert [(row["portal"], row["default"]) for row in rows] == [("main", True), ("sandbox", False)]


def test_rules_of_access_do_not_break_the_check_of_a_new_portal(run: Run, tmp_path: Path) -> None:
    with loopback_portal() as portal:
        typed = portal.address + "\n"
        assert "administrator" in run("portals", "add", "one", "--allow", "crm.*", typed=typed).stdout
        assert "administrator" in run("portals", "add", "two", typed=typed, B24_ALLOW="crm.*").stdout
        before = len(portal.calls)
        done = run("portals", "add", "three", "--deny", "profile", typed=typed)
        assert "not checked: B24_DENY forbids profile" in done.stdout
        assert len(portal.calls) == before


def test_a_webhook_that_does_not_work_is_not_kept(run: Run, tmp_path: Path) -> None:
    for typed in (CLOSED, "https://portal.example/other\n", "\n"):
        done = run("portals", "add", "main", typed=typed)
        assert done.returncode == 1
        assert SECRET not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "config").exists()


def test_the_default_can_be_changed_and_portals_are_removed_with_their_secrets(run: Run, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert run("portals", "add", name, "--no-check", typed=CLOSED).returncode == 0
    assert run("portals", "default", "two").returncode == 0
    assert run("portals", "list").stdout.splitlines()[2].startswith("*  two")
    assert run("portals", "remove", "two").returncode == 0
    assert json.loads((tmp_path / "config" / "secrets.json").read_text()).keys() == {"one.webhook"}
    assert run("portals", "list").stdout.splitlines()[2].startswith("*  one")


def test_an_unknown_name_is_answered_with_the_known_ones(run: Run) -> None:
    run("portals", "add", "one", "--no-check", typed=CLOSED)
    for command in ("remove", "default"):
        done = run("portals", command, "nosuch")
        assert done.returncode == 1
        assert "one" in done.stderr


def test_an_application_is_added_with_its_secret_and_the_next_step_is_printed(run: Run, tmp_path: Path) -> None:
    oauth = ("--oauth", "https://shop.example", "--client-id", "local.1")
    done = run("portals", "add", "shop", *oauth, typed="cl1entsecret\n")
    assert done.returncode == 0, done.stderr
    assert "b24-mcp login shop" in done.stdout
    assert "cl1entsecret" not in done.stdout + written(tmp_path)


def test_half_of_an_application_is_refused(run: Run, tmp_path: Path) -> None:
    done = run("portals", "add", "shop", "--client-id", "local.1", typed="cl1entsecret\n")
    assert done.returncode == 1
    assert "both address and client_id" in done.stderr
    assert not (tmp_path / "config").exists()


def test_a_webhook_can_stay_in_a_variable(run: Run, tmp_path: Path) -> None:
    assert run("portals", "add", "team", "--webhook-env", "TEAM_HOOK").returncode == 0
    assert "TEAM_HOOK" in run("portals", "list").stdout


def test_commands_that_call_a_portal_accept_its_name(run: Run) -> None:
    with loopback_portal() as portal:
        run("portals", "add", "one", "--no-check", typed=CLOSED)
        run("portals", "add", "two", typed=portal.address + "\n")
        called = json.loads(run("call", "profile", "--portal", "two").stdout)
        listed = json.loads(run("list", "crm.deal.list", "--limit", "5", "--portal", "two").stdout)
        sets = json.loads(run("records", "list", "--portal", "two").stdout)
    assert (called["ok"], called["portal"]) == (True, "two")
    assert listed["count"] == 5
    assert [one["records"] for one in sets["data_sets"]] == ["crm_deal_list"]
    wrong = json.loads(run("call", "profile", "--portal", "nosuch").stdout)
    assert wrong["error"]["code"] == "B24MCP_PORTAL"


def test_the_list_shows_host_access_and_plan_and_no_secret(run: Run) -> None:
    run("portals", "add", "one", "--no-check", "--access", "full", "--plan", "enterprise", typed=CLOSED)
    oauth = ("--oauth", "https://shop.example", "--client-id", "local.1")
    run("portals", "add", "shop", "--access", "read", *oauth, typed="cl1entsecret\n")
    run("portals", "add", "team", "--webhook-env", "TEAM_HOOK")
    hook = f"https://team.example/rest/1/{SECRET}/"
    done = run("portals", "list", "--json", TEAM_HOOK=hook)
    shown = {row["portal"]: (row["host"], row["access"], row["plan"]) for row in json.loads(done.stdout)}
    assert shown["one"] == ("127.0.0.1:9", "write", "enterprise")  # the settings can only restrict access further
    assert shown["shop"] == ("shop.example", "read", "basic")
    assert shown["team"] == ("team.example", "write", "basic")
    table = run("portals", "list", TEAM_HOOK=hook).stdout
    assert "shop.example" in table
    assert SECRET not in done.stdout + table
    _, narrow = on_a_terminal("portals", "list", columns=40)
    assert max(map(len, narrow.splitlines())) <= 60
    assert "shop.example" in narrow


def test_a_name_that_exists_is_replaced_only_after_a_question(run: Run, tmp_path: Path) -> None:
    other = f"http://127.0.0.1:10/rest/1/{SECRET}/"
    assert run("portals", "add", "one", "--no-check", typed=CLOSED).returncode == 0
    before = (tmp_path / "config" / "secrets.json").read_text()
    done = run("portals", "add", "one", "--no-check", typed=other + "\n")
    assert (done.returncode, "--yes" in done.stderr) == (1, True)
    code, shown = on_a_terminal("portals", "add", "one", "--no-check", answers=[("Replace it?", "n")])
    assert (code, "Replace it?" in shown) == (1, True)
    assert (tmp_path / "config" / "secrets.json").read_text() == before
    answers = [("Replace it?", "y"), ("Incoming webhook", other)]
    code, shown = on_a_terminal("portals", "add", "one", "--no-check", answers=answers)
    assert code == 0, shown
    assert "127.0.0.1:10" in (tmp_path / "config" / "secrets.json").read_text()
    assert run("portals", "add", "one", "--no-check", "--yes", typed=CLOSED).returncode == 0
