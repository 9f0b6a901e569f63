"""A secret of the settings never leaves the process: not in answers, questions, output or files."""

from __future__ import annotations

import base64
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import pytest
from mcp import Client
from mcp_types import ElicitRequestParams, ElicitResult

from b24_mcp.app.logs import configure_logging
from b24_mcp.secrets import Redactor
from b24_mcp.server.mcp_server import build_server
from tests.loopback import SECRET, LoopbackPortal, loopback_portal

PASSWORD = "planted-p4ssword"
FORMS = [
    SECRET,
    SECRET.upper(),
    quote(quote(SECRET)),
    "".join(f"%{ord(letter):02X}" for letter in SECRET),
    "".join(f"\\u{ord(letter):04x}" for letter in SECRET),
    "".join(f"&#{ord(letter)};" for letter in SECRET),
    base64.b64encode(f"https://acme/rest/1/{SECRET}/".encode()).decode(),
    f"https://127.0.0.1/rest/1/{SECRET}/profile",
    f"https:\\/\\/127.0.0.1\\/rest\\/1\\/{SECRET}\\/",
    json.dumps(json.dumps({"webhook": f"/rest/1/{SECRET}/"})),
]
TOOLS = ["call_method", "batch_call", "read_method", "find_methods", "describe_method"]
METHODS = ["crm.lead.add", "crm.lead.list", "crm.lead.get", "crm.deal.delete", "profile", "disk.storage.getlist"]


@pytest.fixture
def redactor(tmp_path: Path) -> Iterator[Redactor]:
    """Logging as the program sets it up, at every level and into a file; undone afterwards."""
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook, sys.unraisablehook)
    handlers, level = root.handlers[:], root.level
    made = Redactor()
    configure_logging(made)
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    with (tmp_path / "log.txt").open("w", encoding="utf-8") as log:
        handler.setStream(log)
        root.setLevel(logging.DEBUG)
        yield made
        root.handlers[:], (sys.excepthook, threading.excepthook, sys.unraisablehook) = handlers, hooks
        root.setLevel(level)
        logging.captureWarnings(False)
        logging.raiseExceptions = True


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackPortal]:
    with loopback_portal() as served:
        monkeypatch.setenv("B24_WEBHOOK_URL", served.address)
        yield served


def forms_in(text: str) -> list[str]:
    shapes = [*FORMS[:7], PASSWORD]
    return [form for form in shapes if form.lower() in text.lower()]


def files_under(folder: Path) -> str:
    return "".join(file.read_bytes().decode("latin-1") for file in folder.rglob("*") if file.is_file())


def some_call(random: Random) -> tuple[str, dict[str, Any]]:
    """A call with the secret somewhere in it, in some form."""

    def text() -> str:
        return random.choice(["", "a ", "x="]) + random.choice(FORMS)

    params: Any = {"fields": {"TITLE": text(), text(): text()}, "id": random.choice([1, 999_999, text()])}
    method = random.choice([*METHODS, f"crm.{text()}.get", text()])
    name = random.choice(TOOLS)
    match name:
        case "call_method" | "read_method":
            return name, {"method": method, "params": params, "validate": random.random() < 0.2}
        case "batch_call":
            return name, {"commands": {text()[:20]: {"method": method, "params": params}}, "validate": False}
        case "find_methods":
            return name, {"query": text()}
    return name, {random.choice(["method", text()]): text()}


async def answer_somehow(context: Any, params: ElicitRequestParams) -> ElicitResult:
    ASKED.append(params.message)
    return ElicitResult.model_validate(
        RANDOM.choice([{"action": "accept", "content": {"allow": True}}, {"action": "cancel"}])
    )


ASKED: list[str] = []
RANDOM = Random(24)


@pytest.mark.slow
async def test_no_form_of_the_secret_leaves_in_500_unusual_calls(
    portal: LoopbackPortal,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    redactor: Redactor,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("B24_AUDIT_VALUES", "true")
    monkeypatch.setenv("B24_PLAN", "none")
    seen = []
    async with Client(build_server(redactor), elicitation_callback=answer_somehow) as client:
        await client.call_tool("call_method", {"method": "profile"})
        for _ in range(500):
            result = await client.call_tool(*some_call(RANDOM))
            seen.append(result.model_dump_json())
    assert portal.methods.count("crm.lead.add") > 10, "the portal never got to see any of it"
    assert len(ASKED) > 5
    assert len({text[:200] for text in seen}) > 40
    assert [forms_in(text) for text in seen if forms_in(text)] == []
    assert [forms_in(text) for text in ASKED if forms_in(text)] == []
    out, errors = capfd.readouterr()
    assert forms_in(out + errors) == []
    written = files_under(tmp_path)
    assert "DEBUG b24_mcp.rest.sender" in written
    assert '"event":"ended"' in written
    assert forms_in(written) == []


SETTINGS: list[dict[str, str]] = [
    {},
    {"B24_WEBHOOK_URL": f"https://acme.invalid/rest/1/{SECRET}"},
    {"B24_WEBHOOK_URL": f"http://acme.invalid/rest/1/{SECRET}/"},
    {"B24_WEBHOOK_URL": f"https://acme.invalid/{SECRET}"},
    {"B24_WEBHOOK_URL": f"https://ann:{SECRET}@acme.invalid/rest/1/x/"},
    {"B24_WEBHOOK_URL": f"{SECRET}"},
    {"B24_STATE": f"redis://ann:{PASSWORD}@127.0.0.1:1/0"},
    {"B24_STATE": f"https://ann:{PASSWORD}@127.0.0.1:1/0"},
    {"B24_RECORDS": f"postgresql://ann:{PASSWORD}@127.0.0.1:1/x"},
    {"B24_RECORDS": f"postgresql://ann:{PASSWORD}@127.0.0.1:x/x"},
    {"B24_RECORDS": f"mysql://ann:{PASSWORD}@127.0.0.1:1/x"},
    {"B24_BUDGET": f"{SECRET}"},
    {"B24_ACCESS": f"{SECRET}"},
    {"B24_DENY": f"{SECRET}!"},
    {"B24_AUDIT": "/proc/nowhere"},
    {"HTTPS_PROXY": f"http://ann:{SECRET}@127.0.0.1:1", "B24_WEBHOOK_URL": "https://acme.invalid/rest/1/abcdefgh/"},
    {"HTTPS_PROXY": f"{SECRET}://x", "B24_WEBHOOK_URL": "https://acme.invalid/rest/1/abcdefgh/"},
]
COMMANDS = [
    ["call", "crm.lead.add", "-p", json.dumps({"fields": {"TITLE": FORMS[8]}})],
    ["call", "profile", "--xml"],
    ["records", "list"],
]


@pytest.mark.slow
def test_no_process_writes_the_secret_with_any_settings(tmp_path: Path) -> None:
    with loopback_portal() as portal:
        for chosen in SETTINGS:
            for command in COMMANDS:
                environment = {**os.environ, "B24_WEBHOOK_URL": portal.address, "B24_DEADLINE": "1", **chosen}
                done = subprocess.run(
                    [sys.executable, "-m", "b24_mcp", *command],
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                    env=environment,
                )
                assert done.stdout
                assert forms_in(done.stdout + done.stderr) == [], (chosen, command)
                assert "Traceback" not in done.stderr, (chosen, command)
    assert forms_in(files_under(tmp_path)) == []


def test_an_uncaught_exception_is_written_without_the_secret() -> None:
    code = f"""
import threading, warnings
from b24_mcp.secrets import Redactor
from b24_mcp.app.logs import configure_logging
configure_logging(Redactor([{SECRET!r}]))
warnings.warn("warned of {SECRET}")
def fail():
    raise ValueError("thread /rest/1/{SECRET}/x")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
class Leaving:
    def __del__(self):
        raise ValueError("leaving {SECRET}")
Leaving()
raise ValueError("main /rest/1/{SECRET}/x")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert SECRET not in done.stdout + done.stderr
    for said in ("warned of ***", "thread /rest/1/***/x", "leaving ***", "main /rest/1/***/x"):
        assert said in done.stderr
