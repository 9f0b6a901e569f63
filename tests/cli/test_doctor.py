"""`b24-mcp doctor`, with everything that can be wrong."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from b24_mcp.config import PortalFile, PortalSettings, open_secrets
from tests.cli.conftest import Run
from tests.loopback import SECRET, loopback_portal

Finding = dict[str, str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A separate home folder, so that the clients of this machine are not checked."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "CODEX_HOME", "CLAUDE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    return folder


def findings(run: Run, *arguments: str, code: int = 0, **settings: str) -> list[Finding]:
    done = run("doctor", "--json", *arguments, **settings)
    assert SECRET not in done.stdout + done.stderr
    assert done.returncode == code, done.stdout + done.stderr
    found: list[Finding] = json.loads(done.stdout)["findings"]
    return found


def about(found: list[Finding], topic: str) -> str:
    return "\n".join(f"{one['status']}: {one['said']} {one['to_do']}" for one in found if one["about"] == topic)


def test_with_nothing_configured_it_says_what_to_do_first(run: Run, home: Path) -> None:
    found = findings(run)
    assert "portals add" in about(found, "default portal")
    assert "administrator" in about(found, "portal sandbox")
    assert "b24-mcp docs sync" in about(found, "documentation")
    assert "b24-mcp connect" in about(found, "clients")


def test_a_portal_that_works_is_described(run: Run, home: Path) -> None:
    with loopback_portal() as portal:
        found = findings(run, B24_WEBHOOK_URL=portal.address, B24_ACCESS="read", B24_DENY="user.*")
    said = about(found, "portal environment")
    for part in ("administrator", "scopes granted", "has REST 3.0", "access: read", "never user.*", "plan basic"):
        assert part in said
    assert "wrong" not in said
    assert "B24_WEBHOOK_URL" in about(found, "settings")


def test_where_settings_are_from_is_shown_and_an_unknown_name_is_reported(run: Run, home: Path) -> None:
    file = home / ".config" / "b24-mcp" / ".env"
    file.parent.mkdir(parents=True)
    file.write_text("B24_BUDGET=5000\nB24_WEBHOK_URL=x\n")
    file.chmod(0o600)
    said = about(findings(run, "--offline", B24_TIMEOT="5"), "settings")
    assert ".env: B24_BUDGET" in said
    assert "Did you mean B24_WEBHOOK_URL?" in said
    assert "Did you mean B24_TIMEOUT?" in said


def test_a_misspelt_restriction_is_reported_with_the_right_name(run: Run, home: Path) -> None:
    said = about(findings(run, "--offline", code=1, B24_ACESS="read"), "settings")
    assert "wrong: 'B24_ACESS' in the environment is not a setting: B24_ACCESS is probably meant" in said


def test_a_file_of_settings_in_the_current_folder_is_reported_as_ignored_without_its_values(
    run: Run, home: Path, tmp_path: Path
) -> None:
    here = tmp_path / ".env"
    here.write_text("B24_ACCESS=full\nexport B24_WEBHOOK_URL=https://evil.example/rest/1/x/\nB24_\x1b[31mX=1\nbroken")
    said = about(findings(run, "--offline"), "settings")
    assert f"{here} is ignored" in said
    assert "B24_ACCESS, B24_WEBHOOK_URL " in said
    assert f"--env-file {here}" in said
    assert "full" not in said
    assert "evil" not in said
    assert "\x1b" not in said
    assert "ignored" not in about(findings(run, "--offline", "--env-file", str(here), code=1), "settings")


def test_a_file_of_settings_that_others_can_read_is_reported(run: Run, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "named.env"
    file.write_text("B24_BUDGET=5000\n")
    file.chmod(0o644)
    assert f"chmod 600 {file}" in about(findings(run, "--offline", B24_ENV_FILE=str(file)), "settings")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (f"http://portal.example/rest/1/{SECRET}/", "it uses http"),
        ("https://portal.example/crm/", "its path is not"),
        (f"https://portal.example/rest/1/{SECRET}/?x=1", "after ?"),
    ],
)
def test_an_invalid_webhook_is_explained(run: Run, home: Path, address: str, said: str) -> None:
    assert said in about(findings(run, code=1, B24_WEBHOOK_URL=address), "portal environment")


def test_a_webhook_that_the_portal_refuses_is_reported(run: Run, home: Path) -> None:
    with loopback_portal() as portal:
        wrong = portal.address.replace(SECRET, "deadbeefdeadbeef")
        said = about(findings(run, code=1, B24_WEBHOOK_URL=wrong), "portal environment")
    assert "INVALID_CREDENTIALS" in said
    assert "check the webhook" in said


def test_a_portal_that_cannot_be_reached_is_reported(run: Run, home: Path) -> None:
    address = f"http://127.0.0.1:9/rest/1/{SECRET}/"
    said = about(findings(run, code=1, B24_WEBHOOK_URL=address, B24_DEADLINE="1"), "portal environment")
    assert "cannot be reached" in said


def test_a_portal_that_moved_is_reported(run: Run, home: Path) -> None:
    with loopback_portal() as portal:
        portal.sandbox.faults.fail("*", "moved", times=None)
        said = about(findings(run, code=1, B24_WEBHOOK_URL=portal.address), "portal environment")
    assert "wrong" in said
    assert "portal" in said


def test_a_wrong_clock_is_reported(run: Run, home: Path) -> None:
    with loopback_portal(clock=lambda: time.time() + 3_600) as portal:
        said = about(findings(run, B24_WEBHOOK_URL=portal.address), "portal environment")
    assert "s ahead of this computer's" in said


def test_a_portal_without_rest_3_is_reported(run: Run, home: Path) -> None:
    with loopback_portal(v3=False) as portal:
        said = about(findings(run, B24_WEBHOOK_URL=portal.address), "portal environment")
    assert "has no REST 3.0" in said


def test_every_portal_of_the_file_is_checked_and_a_missing_login_is_reported(
    run: Run, home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "config" / "portals.toml"
    secrets = open_secrets("file", path.with_name("secrets.json"))
    file = PortalFile(path)
    with loopback_portal() as portal:
        secrets.set("good.webhook", portal.address)
        file.add("good", PortalSettings(webhook="kept"))
        file.add("lost", PortalSettings(webhook="kept"))
        secrets.set("shop.client_secret", "cl1entsecret")
        file.add("shop", PortalSettings(address="https://shop.example", client_id="local.1"))
        found = findings(run, code=1)
    assert "administrator" in about(found, "portal good")
    assert "portals add lost" in about(found, "portal lost")
    assert "b24-mcp login" in about(found, "portal shop")


def test_wrong_settings_are_named_and_everything_else_is_checked(run: Run, home: Path) -> None:
    found = findings(run, code=1, B24_PLAN="gold")
    assert "B24_PLAN" in about(found, "settings")
    assert about(found, "clients")


def test_a_connected_client_is_found_and_a_missing_program_is_reported(run: Run, home: Path) -> None:
    done = run("connect", "cursor", "--yes")
    assert done.returncode == 0, done.stderr
    assert "connected" in about(findings(run, "--offline"), "Cursor")
    file = home / ".cursor" / "mcp.json"
    written: dict[str, Any] = json.loads(file.read_text())
    next(iter(written["mcpServers"].values()))["command"] = "/nowhere/b24-mcp"
    file.write_text(json.dumps(written))
    assert "not there" in about(findings(run, "--offline", code=1), "Cursor")
    file.write_text("{")
    assert "cannot be parsed" in about(findings(run, "--offline", code=1), "Cursor")


def test_without_json_each_finding_is_a_line(run: Run, home: Path) -> None:
    done = run("doctor", "--offline")
    assert done.returncode == 0
    assert "default portal" in done.stdout
    assert "→" in done.stdout


def test_allow_lists_do_not_prevent_the_check_of_the_user(run: Run, home: Path) -> None:
    with loopback_portal() as portal:
        found = findings(run, B24_WEBHOOK_URL=portal.address, B24_ALLOW="crm.*")
        called = json.loads(run("call", "profile", B24_WEBHOOK_URL=portal.address, B24_ALLOW="crm.*").stdout)
    said = about(found, "portal environment")
    assert "administrator" in said
    assert "scopes granted" in said
    assert "has REST 3.0" in said
    assert "access: write; only crm.*" in said
    assert called["error"]["code"] == "B24MCP_POLICY"


@pytest.mark.parametrize("deny", ["profile", "profile,scope,server.*,app.*,rest.*", "*"])
def test_a_denied_method_is_reported_as_not_checked(run: Run, home: Path, deny: str) -> None:
    with loopback_portal() as portal:
        found = findings(run, B24_WEBHOOK_URL=portal.address, B24_DENY=deny)
    said = about(found, "portal environment")
    assert "not checked: " in said
    assert "B24_DENY forbids " in said
    assert ("scopes granted" in said) is (deny == "profile")
    assert "profile" not in portal.methods
    assert (portal.calls == []) is (deny != "profile")


def test_advice_addresses_its_reader() -> None:
    from b24_mcp.cli.advice import advice
    from b24_mcp.errors import our_error
    from b24_mcp.errors.table import registered_codes

    for code in registered_codes():
        said = advice(our_error(code, "").fault)
        assert "person" not in said, code
        assert not {"batch_call", "find_methods", "describe_method", "search_docs"} & set(
            said.replace(".", " ").split()
        )
    for code in ("NO_AUTH_FOUND", "B24MCP_SETTINGS", "B24MCP_NO_LOGIN", "B24MCP_WEBHOOK", "B24MCP_TOKENS"):
        assert advice(our_error(code, "").fault), code
