"""`b24-mcp login` and `logout`. The test takes the place of the user at the browser."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from tests.cli.conftest import PROGRAM, Run
from tests.loopback import LoopbackPortal, loopback_portal


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@dataclass
class Person:
    """The user who runs `b24-mcp login` for `portal`, with a browser. `seen` is everything that was shown."""

    portal: LoopbackPortal
    port: int
    folder: Path
    now: list[float] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, str]:
        known = self.portal.sandbox.application
        named = {"PORTAL": self.portal.origin, "CLIENT_ID": known.client_id, "CLIENT_SECRET": known.client_secret}
        return {f"B24_{name}": value for name, value in named.items()}

    @contextmanager
    def running(self, *arguments: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            [PROGRAM, "login", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **self.settings, **settings},
        )
        with process:
            yield process
            if process.poll() is None:
                process.kill()

    def address(self, process: subprocess.Popen[str]) -> str:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("http") and "/oauth/authorize/" in line:
                return line.strip()
        raise AssertionError("no address was shown")

    def consent(self, address: str) -> str:
        """Agree, and return the address to which the browser is redirected."""
        answer = httpx.get(address, follow_redirects=False)
        assert answer.status_code == 302
        return str(answer.headers["Location"])

    def visit(self, address: str) -> httpx.Response:
        page = httpx.get(address, timeout=30)
        self.seen.append(f"{page.headers}{page.text}")
        return page

    def ends(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        out, err = process.communicate(timeout=60)
        self.seen.append(out + err)
        return process.returncode, out + err

    @property
    def kept(self) -> dict[str, Any]:
        (file,) = (self.folder / "state" / "tokens").glob("*.json")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        found: dict[str, Any] = json.loads(file.read_text())
        return found


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    port = free_port()
    now = [0.0]
    handler = f"http://127.0.0.1:{port}/callback"
    with loopback_portal(empty=True, handler=handler, clock=lambda: time.time() + now[0]) as portal:
        person = Person(portal, port, tmp_path, now)
        yield person
        # In every test: no secret is in the output or on a page.
        secrets = {portal.sandbox.application.client_secret}
        for file in (tmp_path / "state" / "tokens").glob("*.json"):
            found = json.loads(file.read_text())
            secrets |= {found["access_token"], found["refresh_token"]}
        assert not any(secret in text for secret in secrets for text in person.seen)


def log_in(person: Person, *arguments: str) -> str:
    with person.running("--port", str(person.port), "--no-browser", *arguments) as process:
        page = person.visit(person.consent(person.address(process)))
        code, said = person.ends(process)
    assert (code, page.status_code) == (0, 200), said
    return said


def test_a_login_in_the_browser_opens_the_portal_for_every_other_command(person: Person, run: Run) -> None:
    with person.running("--port", str(person.port), "--no-browser") as process:
        address = person.address(process)
        assert parse_qs(urlsplit(address).query)["client_id"] == [person.portal.sandbox.application.client_id]
        back = person.consent(address)
        page = person.visit(back)
        code, said = person.ends(process)
    assert code == 0
    assert (page.status_code, "Logged in" in page.text) == (200, True)
    assert page.headers["Cache-Control"] == "no-store"
    assert parse_qs(urlsplit(back).query)["code"][0] not in page.text + said
    assert f"Logged in to {urlsplit(person.portal.origin).netloc} as user 1" in said
    assert person.kept["member_id"] == person.portal.sandbox.application.member_id
    done = run("call", "profile", **person.settings)
    person.seen.append(done.stdout + done.stderr)
    answer = json.loads(done.stdout)
    assert (answer["ok"], answer["result"]["ID"], "portal" in answer) == (True, "1", False)


def test_login_opens_the_browser(person: Person, tmp_path: Path) -> None:
    script = tmp_path / "browser.py"
    script.write_text("import sys, urllib.request; urllib.request.urlopen(sys.argv[1]).read()\n")
    with person.running("--port", str(person.port), BROWSER=f"{sys.executable} {script} %s &") as process:
        code, said = person.ends(process)
    assert code == 0, said
    assert person.kept["access_token"]


@pytest.mark.parametrize("form", ["address", "code"])
def test_without_a_browser_here_the_address_or_its_code_is_pasted(person: Person, form: str) -> None:
    with person.running("--paste") as process:
        back = person.consent(person.address(process))
        typed = back if form == "address" else parse_qs(urlsplit(back).query)["code"][0]
        assert process.stdin is not None
        process.stdin.write(typed + "\n")
        process.stdin.flush()
        code, said = person.ends(process)
    assert code == 0, said
    assert person.kept["access_token"]


def test_a_wrong_state_is_refused_and_the_right_one_still_accepted(person: Person) -> None:
    with person.running("--port", str(person.port), "--no-browser") as process:
        back = person.consent(person.address(process))
        query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
        callback = f"http://127.0.0.1:{person.port}/callback"
        forged = person.visit(f"{callback}?{urlencode({**query, 'state': 'forged'})}")
        none = person.visit(f"{callback}?code={query['code']}")
        elsewhere = person.visit(f"http://127.0.0.1:{person.port}/favicon.ico")
        right = person.visit(back)
        code, _ = person.ends(process)
    assert [page.status_code for page in (forged, none, elsewhere, right)] == [400, 400, 404, 200]
    assert "its state is different" in forged.text
    assert code == 0


def test_an_expired_code_is_reported_in_the_browser_and_in_the_terminal(person: Person) -> None:
    with person.running("--port", str(person.port), "--no-browser") as process:
        back = person.consent(person.address(process))
        person.now[0] = 31.0
        page = person.visit(back)
        code, said = person.ends(process)
    assert code == 1
    for text in (page.text, said):
        assert "invalid_grant" in text
        assert "30 seconds" in text
    assert "Traceback" not in said
    assert not list((person.folder / "state").rglob("*.json"))


def test_a_wrong_client_secret_is_explained(person: Person) -> None:
    arguments = ("--port", str(person.port), "--no-browser")
    with person.running(*arguments, B24_CLIENT_SECRET="wrongwrongwrong") as process:
        page = person.visit(person.consent(person.address(process)))
        code, said = person.ends(process)
    assert code == 1
    assert "B24_CLIENT_SECRET" in said
    assert "wrongwrongwrong" not in said + page.text


def test_the_wait_for_the_browser_has_a_timeout(person: Person) -> None:
    with person.running("--port", str(person.port), "--no-browser", "--wait", "1") as process:
        code, said = person.ends(process)
    assert code == 1
    assert "Nothing came back within 1 seconds" in said


def test_a_port_in_use_is_reported(person: Person, run: Run) -> None:
    with socket.create_server(("127.0.0.1", person.port)):
        done = run("login", "--port", str(person.port), "--no-browser", **person.settings)
    assert done.returncode == 1
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_login_to_another_portal_is_refused_until_a_logout(person: Person, run: Run) -> None:
    log_in(person)
    before = person.kept
    file = next((person.folder / "state" / "tokens").glob("*.json"))
    file.write_text(json.dumps({**before, "member_id": "another"}))
    with person.running("--port", str(person.port), "--no-browser") as process:
        page = person.visit(person.consent(person.address(process)))
        code, said = person.ends(process)
    assert code == 1
    assert "b24-mcp logout" in said
    assert "B24MCP_OTHER_PORTAL" in page.text
    assert json.loads(file.read_text())["access_token"] == before["access_token"]
    assert run("logout", **person.settings).returncode == 0
    log_in(person)


def test_logout_deletes_the_tokens_and_the_next_call_reports_it(person: Person, run: Run) -> None:
    log_in(person)
    name = urlsplit(person.portal.origin).netloc
    assert run("logout", person.portal.origin).stdout == f"The login {name} is deleted.\n"
    assert run("logout", person.portal.origin).stdout == f"There is no login {name}.\n"
    error = json.loads(run("call", "profile", **person.settings).stdout)["error"]
    assert (error["code"], error["kind"], error["executed"]) == ("B24MCP_NO_LOGIN", "auth", "no")
    assert "b24-mcp login" in error["hint"]


def test_a_portal_that_is_not_configured_is_named_with_its_application(person: Person, run: Run) -> None:
    known = person.portal.sandbox.application
    with person.running(
        person.portal.origin,
        "--client-id",
        known.client_id,
        "--port",
        str(person.port),
        "--no-browser",
        B24_PORTAL="",
        B24_CLIENT_ID="",
    ) as process:
        person.visit(person.consent(person.address(process)))
        code, said = person.ends(process)
    assert code == 0
    assert f"B24_PORTAL={person.portal.origin}" in said
    assert json.loads(run("call", "profile", **person.settings).stdout)["ok"]


def test_a_named_portal_uses_the_address_the_application_and_the_secret_kept_for_it(person: Person, run: Run) -> None:
    known = person.portal.sandbox.application
    here = {"B24_CONFIG": str(person.folder / "portals.toml"), "B24_KEEP_SECRETS": "file"}
    arguments = ("portals", "add", "sales", "--oauth", person.portal.origin, "--client-id", known.client_id)
    assert run(*arguments, typed=known.client_secret + "\n", **here).returncode == 0
    nothing = dict.fromkeys(person.settings, "")
    with person.running("sales", "--port", str(person.port), "--no-browser", **here, **nothing) as process:
        person.visit(person.consent(person.address(process)))
        code, said = person.ends(process)
    assert code == 0
    assert "kept as sales" in said
    assert run("portals", "remove", "sales", **here).returncode == 0
    assert not list((person.folder / "state").rglob("*.json"))


@pytest.mark.parametrize("source", ["file", "stdin"])
def test_the_tokens_of_an_install_event_are_kept(person: Person, run: Run, source: str) -> None:
    sandbox = person.portal.sandbox
    issued = sandbox.portal.oauth.issue()
    auth = sandbox.portal.oauth.described(issued, person.portal.origin)
    text = urlencode({f"auth[{name}]": value for name, value in auth.items()})
    (person.folder / "event.txt").write_text(text)
    where = "event.txt" if source == "file" else "-"
    done = run("login", "--from-install-event", where, typed=text if source == "stdin" else "", **person.settings)
    person.seen.append(done.stdout + done.stderr)
    assert done.returncode == 0, done.stderr
    assert json.loads(run("call", "profile", **person.settings).stdout)["result"]["ID"] == "1"


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        ([], {}, "No portal is configured"),
        (["nowhere"], {}, "There is no portal 'nowhere'"),
        (["https://acme.bitrix24.de"], {}, "--client-id"),
        (["acme.bitrix24.de", "--client-id", "x"], {}, "B24_CLIENT_SECRET is not set"),
        (["https://acme.bitrix24.de/rest/1/secretcode/", "--client-id", "x"], {}, "only a scheme and a host"),
        (["http://acme.bitrix24.de", "--client-id", "x"], {}, "uses http"),
        (["--from-install-event", "nowhere.json"], {"B24_PORTAL": "acme.bitrix24.de"}, "--client-id"),
        ([], {"B24_PORTAL": "acme.bitrix24.de", "B24_CLIENT_ID": "x", "B24_STATE": "https://x"}, "B24_CLIENT_SECRET"),
    ],
)
def test_a_login_that_cannot_work_is_explained(
    run: Run, arguments: list[str], settings: dict[str, str], said: str
) -> None:
    done = run("login", *arguments, **settings)
    assert done.returncode == 1
    assert said in done.stderr
    assert "secretcode" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("typed", ["", "\n", "nonsense that is no code\n", "https://x/?code=abc&state=wrong\n"])
def test_a_wrong_paste_is_explained(person: Person, typed: str) -> None:
    with person.running("--paste") as process:
        person.address(process)
        assert process.stdin is not None
        process.stdin.write(typed)
        code, said = person.ends(process)
    assert code == 1
    assert "B24MCP_CONSENT" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("missing", ["PORTAL", "CLIENT_ID", "CLIENT_SECRET"])
def test_half_a_configuration_does_not_fall_back_to_the_sandbox(run: Run, missing: str) -> None:
    settings = {"B24_PORTAL": "acme.bitrix24.de", "B24_CLIENT_ID": "x", "B24_CLIENT_SECRET": "y" * 20}
    del settings[f"B24_{missing}"]
    error = json.loads(run("call", "profile", **settings).stdout)["error"]
    assert (error["code"], error["kind"]) == ("B24MCP_SETTINGS", "auth")
    assert f"B24_{missing}" in error["message"]
