"""`b24-mcp sandbox`."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import PROGRAM, Run


@contextmanager
def sandbox(*arguments: str, stop: signal.Signals = signal.SIGINT) -> Iterator[dict[str, Any]]:
    """Start a sandbox portal in another process, yield the line it printed, and stop it with a signal."""
    process = subprocess.Popen(
        [PROGRAM, "sandbox", "--port", "0", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.send_signal(stop)
        out, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert out == ""
    assert "Traceback" not in errors


def test_it_prints_a_webhook_address_that_works(run: Run) -> None:
    with sandbox() as told:
        assert told["webhook"].startswith("http://127.0.0.1:")
        answer = json.loads(run("call", "user.current", B24_WEBHOOK_URL=told["webhook"]).stdout)
    assert answer["ok"]
    assert "portal" not in answer


def test_every_credential_it_prints_is_what_it_says() -> None:
    with sandbox() as told:
        admin = httpx.get(told["webhook"] + "user.admin").json()["result"]
        user = httpx.get(told["webhook_user"] + "user.admin").json()["result"]
        scopes = httpx.get(told["webhook_scope_user"] + "scope").json()["result"]
        by_token = {
            name: httpx.get(told["rest_url"] + "profile", params={"auth": told[name]}).json()
            for name in ("access_token", "expired_token", "access_token_user")
        }
        application = {name: told[name] for name in ("client_id", "client_secret", "refresh_token")}
        renewed = httpx.get(told["token_url"], params={"grant_type": "refresh_token", **application}).json()
    assert (admin, user, scopes) == (True, False, ["user"])
    assert by_token["access_token"]["result"]["ADMIN"] is True
    assert by_token["access_token_user"]["result"]["ADMIN"] is False
    assert by_token["expired_token"]["error"] == "expired_token"
    assert renewed["member_id"] == told["member_id"]
    assert renewed["client_endpoint"] == told["rest_url"]
    assert told["domain"] == told["url"].removeprefix("http://")
    assert told["ca"] is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows closes the file later")
def test_a_file_keeps_its_data_across_restarts(run: Run, tmp_path: Path) -> None:
    added = {"fields": {"TITLE": "Останется"}}
    with sandbox("--db", str(tmp_path / "portal.db")) as told:
        made = json.loads(run("call", "crm.deal.add", "-p", json.dumps(added), B24_WEBHOOK_URL=told["webhook"]).stdout)
    with sandbox("--db", str(tmp_path / "portal.db")) as told:
        read = run("call", "crm.deal.get", "-p", json.dumps({"id": made["result"]}), B24_WEBHOOK_URL=told["webhook"])
    assert json.loads(read.stdout)["result"]["TITLE"] == "Останется"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows closes the file later")
def test_tokens_outlive_a_restart_on_the_same_file(tmp_path: Path) -> None:
    with sandbox("--db", str(tmp_path / "portal.db")) as before:
        pass
    with sandbox("--db", str(tmp_path / "portal.db")) as told:
        answer = httpx.get(told["rest_url"] + "profile", params={"auth": before["access_token"]}).json()
    assert answer["result"]["ID"] == "1"


def test_an_empty_portal_has_no_deals_and_no_ordinary_user(run: Run) -> None:
    with sandbox("--empty") as told:
        assert json.loads(run("call", "crm.deal.list", B24_WEBHOOK_URL=told["webhook"]).stdout)["total"] == 0
    assert told["webhook_user"] is None
    assert told["access_token_user"] is None


def test_it_is_filled_up_to_a_number_of_deals(run: Run) -> None:
    with sandbox("--seed", "2000") as told:
        assert json.loads(run("call", "crm.deal.list", B24_WEBHOOK_URL=told["webhook"]).stdout)["total"] == 2000


def test_the_administrators_webhook_may_be_chosen(run: Run) -> None:
    with sandbox("--webhook", "1/mine77") as told:
        assert told["webhook"].endswith("/rest/1/mine77/")
        assert json.loads(run("call", "user.admin", B24_WEBHOOK_URL=told["webhook"]).stdout)["result"] is True
    assert run("sandbox", "--webhook", "mine77").returncode == 2


def test_tls_is_served_under_the_portals_name_with_the_announced_authority(tmp_path: Path) -> None:
    with sandbox("--tls", "--name", "portal.example", "--state", str(tmp_path / "tls")) as told:
        assert told["url"].startswith("https://portal.example:")
        local = told["webhook"].replace("portal.example", "localhost")
        answer = httpx.get(local + "profile", verify=ssl.create_default_context(cafile=told["ca"]))
    assert answer.json()["result"]["ID"] == "1"
    assert told["ca"] == str(tmp_path / "tls" / "ca.pem")


def test_the_authorization_server_may_have_a_name_of_its_own() -> None:
    with sandbox("--tls", "--name", "localhost", "--oauth-name", "oauth.example") as told:
        trusted = ssl.create_default_context(cafile=told["ca"])
        port = told["listening"].rpartition(":")[2]
        application = {name: told[name] for name in ("client_id", "client_secret", "refresh_token")}
        with httpx.Client(verify=trusted) as client:
            renewed = client.get(
                f"https://127.0.0.1:{port}/oauth/token/",
                params={"grant_type": "refresh_token", **application},
                headers={"Host": f"oauth.example:{port}"},
                extensions={"sni_hostname": "oauth.example"},
            ).json()
    assert told["token_url"] == f"https://oauth.example:{port}/oauth/token/"
    assert told["authorize_url"] == f"https://localhost:{port}/oauth/authorize/"
    assert renewed["server_endpoint"] == told["server_endpoint"] == f"https://oauth.example:{port}/rest/"
    assert renewed["client_endpoint"] == told["rest_url"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_the_keys_of_tls_are_deleted_after_sigterm() -> None:
    with sandbox("--tls", stop=signal.SIGTERM) as told:
        assert Path(told["ca"]).exists()
    assert not Path(told["ca"]).parent.exists()


def test_other_computers_are_accepted_only_with_tls(run: Run) -> None:
    done = run("sandbox", "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert "--tls" in done.stderr
    with sandbox("--host", "0.0.0.0", "--tls") as told:
        assert told["url"].startswith("https://127.0.0.1:")


def test_faults_and_the_log_are_offered_only_on_request() -> None:
    with sandbox("--faults") as told:
        assert httpx.post(told["url"] + "/sandbox/faults", json={"method": "*", "kind": "503"}).status_code == 200
        assert httpx.get(told["webhook"] + "profile").status_code == 503
        assert httpx.get(told["webhook"] + "profile").status_code == 200
        assert httpx.get(told["url"] + "/sandbox/log").json()["counts"] == {"profile": 1}
    with sandbox() as told:
        assert httpx.post(told["url"] + "/sandbox/faults", json={"method": "*", "kind": "503"}).status_code == 404


def test_a_port_in_use_is_explained(run: Run) -> None:
    with sandbox() as told:
        done = run("sandbox", "--port", told["url"].rpartition(":")[2])
    assert done.returncode == 1
    assert "cannot listen on" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_cannot_be_opened_is_explained(run: Run, tmp_path: Path) -> None:
    (tmp_path / "not.db").write_bytes(os.urandom(4096))
    for path in (tmp_path / "not.db", tmp_path / "no" / "such" / "folder.db"):
        done = run("sandbox", "--port", "0", "--db", str(path))
        assert done.returncode != 0
        assert str(path.name) in done.stderr
        assert "Traceback" not in done.stderr


def test_the_default_ports_of_the_sandbox_and_of_the_server_differ() -> None:
    from b24_mcp.cli import cli

    names = ("sandbox", "serve")
    ports = {name: next(one for one in cli.commands[name].params if one.name == "port") for name in names}
    assert ports["sandbox"].default == 8025
    assert "default 8024" in str(getattr(ports["serve"], "help", ""))
