"""Text of a portal cannot control the terminal, whichever command prints it."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.cli.conftest import PROGRAM, Run

HOSTILE = "Ann\x1b[2J\x1b]0;owned\x07\x9b31m \u202egnp\u202c\u200b\rroot\n✔ all is well\x00\U000e0041"
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e0fff]")
# Colours, and the progress bar of a list.
OURS = re.compile("\x1b\\[(?:0|3[1-6])m|\r?\x1b\\[\\?25[lh]|\r(?=rows|waiting|[0-9]+ rows)")


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        method = self.path.split("?")[0].rstrip("/").rpartition("/")[2].removesuffix(".json")
        person = {"ID": "1", "NAME": HOSTILE, "LAST_NAME": HOSTILE, "ADMIN": True, "TITLE": HOSTILE, HOSTILE: HOSTILE}
        status = 200
        if method == "batch":
            results = {"profile": person, "scope": ["crm", HOSTILE], "app.info": {"LICENSE": HOSTILE}}
            body: object = {"result": {"result": results, "result_error": {}, "result_total": {}, "result_next": {}}}
        elif method.endswith("list"):
            body = {"result": [person], "total": 1}
        elif method == "crm.lead.get":
            status, body = 400, {"error": f"X{HOSTILE}", "error_description": HOSTILE}
        else:
            body = {"result": person}
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def webhook() -> Iterator[str]:
    """The webhook of a portal that answers every request with hostile texts."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/rest/1/k3y9zqa1b2c3d4e5/"
        server.shutdown()
        thread.join()


COMMANDS = {
    "call": ["call", "profile"],
    "call that fails": ["call", "crm.lead.get", "-p", '{"id": 1}'],
    "list": ["list", "crm.lead.list"],
    "doctor": ["doctor"],
    "doctor as JSON": ["doctor", "--json"],
    "call with a question": ["call", "crm.lead.delete", "-p", json.dumps({"id": HOSTILE}), "--no-check"],
    "a wrong argument": ["call", "profile", "-p", HOSTILE.replace("\0", "")],
    "a command that does not exist": [HOSTILE.replace("\0", "")],
    "a portal that does not exist": ["portals", "remove", HOSTILE.replace("\0", "")],
}


def _assert_safe(text: str) -> None:
    text = OURS.sub("", text.replace("\r\n", "\n"))
    assert UNSAFE.findall(text) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_prints_a_control_character_of_a_portal(run: Run, webhook: str, name: str) -> None:
    done = run(*COMMANDS[name], B24_WEBHOOK_URL=webhook, B24_DEADLINE="10")
    _assert_safe(done.stdout)
    _assert_safe(done.stderr)
    assert done.stdout + done.stderr
    if name in ("call", "call that fails", "doctor as JSON"):
        assert json.loads(done.stdout)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_prints_a_control_character_of_a_portal_to_a_terminal(webhook: str, name: str) -> None:
    _assert_safe(_on_terminal(COMMANDS[name], webhook))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_adding_a_portal_prints_the_name_of_its_user_in_one_printable_line(webhook: str) -> None:
    shown = _on_terminal(["portals", "add", "hostile"], webhook, typed=f"{webhook}\n")
    _assert_safe(shown)
    assert "gnp" in shown
    assert not [line for line in shown.splitlines() if line.startswith("✔ all is well")]


def _on_terminal(arguments: list[str], webhook: str, typed: str = "") -> str:
    main, side = pty.openpty()
    environment = dict(os.environ) | {"B24_WEBHOOK_URL": webhook, "B24_DEADLINE": "10", "TERM": "xterm"}
    process = subprocess.Popen(
        [PROGRAM, *arguments], stdin=subprocess.PIPE, stdout=side, stderr=side, env=environment, close_fds=True
    )
    os.close(side)
    assert process.stdin is not None
    process.stdin.write(typed.encode())
    process.stdin.close()
    seen = b""
    try:
        while chunk := os.read(main, 65_536):
            seen += chunk
    except OSError:  # a pseudo-terminal reports this way that the other side is closed
        pass
    finally:
        os.close(main)
        process.wait(timeout=60)
    assert seen
    return seen.decode("utf-8")
