"""The audit log: a line before each write and one after it, and no secret in them."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import anyio
import pytest

from b24_mcp.access import AccessRules, AuditTrail, Caller, Gate, calling
from b24_mcp.errors import B24Error
from b24_mcp.rest import Portal, PortalOptions, parse_webhook
from b24_mcp.secrets import Redactor
from b24_sandbox import Sandbox
from tests.fake_portal import WEBHOOK, FakePortal, Reply

Lines = list[dict[str, Any]]
ADD: dict[str, Any] = {"method": "crm.deal.add", "params": {"fields": {"TITLE": "Тайна", "OPPORTUNITY": 5}, "id": 1}}
NOON = 1_795_000_000.0


def text_in(folder: Path) -> str:
    return "".join(file.read_text("utf-8") for file in sorted(folder.glob("*.jsonl")))


def lines_in(folder: Path) -> Lines:
    return [json.loads(line) for line in text_in(folder).splitlines()]


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []


def guarded(app: Any, trail: AuditTrail | None, rules: AccessRules | None = None, webhook: str = WEBHOOK) -> Portal:
    gate = Gate("acme.example", rules or AccessRules(level="full"), trail)
    return Portal(parse_webhook(webhook), PortalOptions(plan="none", deadline=5), guard=gate, app=app)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "made" / "audit"


@pytest.fixture
def trail(folder: Path) -> AuditTrail:
    return AuditTrail(folder, Redactor(), now=lambda: NOON)


async def test_a_write_is_recorded_with_its_outcome_and_without_values(trail: AuditTrail, folder: Path) -> None:
    portal = guarded(FakePortal([Reply({"result": 7})]), trail)
    with calling(Caller("ann", "Claude 1.0")):
        await portal.call(ADD["method"], ADD["params"])
    sent, ended = lines_in(folder)
    assert (sent["event"], ended["event"]) == ("sent", "ended")
    for line in (sent, ended):
        assert (line["user"], line["client"], line["portal"]) == ("ann", "Claude 1.0", "acme.example")
        assert (line["method"], line["version"], line["effect"]) == ("crm.deal.add", "v2", "write")
        assert line["fields"] == ["fields.TITLE", "fields.OPPORTUNITY", "id"]
        assert line["id"] == sent["id"]
        assert len(line["arguments"]) == 16
    assert (ended["outcome"], ended["executed"]) == ("ok", "yes")
    assert ended["duration"] >= 0
    assert "Тайна" not in text_in(folder)


async def test_reads_are_not_recorded(trail: AuditTrail, folder: Path) -> None:
    portal = guarded(FakePortal([Reply({"result": []}), Reply({"result": {"result": {"a": 1}}})]), trail)
    await portal.call("crm.deal.list")
    await portal.batch({"a": {"method": "crm.deal.list"}})
    assert names_in(folder) == []


async def test_values_are_recorded_on_request_but_never_secrets(folder: Path) -> None:
    trail = AuditTrail(folder, Redactor(["s3cretofmine"]), values=True, now=lambda: NOON)
    portal = guarded(FakePortal([Reply({"result": 7})]), trail)
    await portal.call("crm.deal.add", {"fields": {"TITLE": "Тайна s3cretofmine", "URL": "x?auth=abcdef"}})
    text = text_in(folder)
    assert "Тайна ***" in text
    assert "s3cretofmine" not in text
    assert "abcdef" not in text


async def test_every_write_of_a_batch_is_recorded_with_its_outcome(trail: AuditTrail, folder: Path) -> None:
    sandbox = Sandbox(empty=True)
    portal = guarded(sandbox, trail, webhook=sandbox.webhook_url("https://sandbox.invalid"))
    commands: dict[str, Any] = {
        "add": {"method": "crm.deal.add", "params": {"fields": {"TITLE": "x"}}},
        "read": {"method": "crm.deal.list"},
        "bad": {"method": "crm.deal.delete", "params": {"id": 999_999}},
        "late": {"method": "crm.deal.add", "params": {"fields": {"TITLE": "y"}}},
        "empty": {"method": "crm.deal.add", "params": {"fields": {"TITLE": None}}},
    }
    await portal.batch(commands, halt=True)
    await portal.aclose()
    sandbox.close()
    found = lines_in(folder)
    assert [(line["command"], line["fields"]) for line in found if line["event"] == "sent"] == [
        ("add", ["fields.TITLE"]),
        ("bad", ["id"]),
        ("late", ["fields.TITLE"]),
    ], "the last goes alone, and after the halt nothing goes"
    ended = {line["command"]: (line["outcome"], line["executed"]) for line in found if line["event"] == "ended"}
    assert ended["add"] == ("ok", "yes")
    assert ended["bad"][1] == "no"
    assert ended["late"] == ("not run", "no")


async def test_a_batch_of_rest_3_is_recorded_too(trail: AuditTrail, folder: Path) -> None:
    sandbox = Sandbox(empty=True)
    portal = guarded(sandbox, trail, webhook=sandbox.webhook_url("https://sandbox.invalid"))
    new = {"fields": {"title": "x", "creatorId": 1, "responsibleId": 1}}
    command = {"method": "tasks.task.add", "params": new, "version": "v3"}
    await portal.batch({"a": command, "b": command}, halt=True)
    await portal.aclose()
    sandbox.close()
    assert [(line["version"], line["outcome"]) for line in lines_in(folder) if line["event"] == "ended"] == [
        ("v3", "ok"),
        ("v3", "ok"),
    ]


@pytest.mark.parametrize(
    ("reply", "executed"),
    [
        (Reply({"error": "ACCESS_DENIED", "error_description": "No"}, 403), "no"),
        (Reply("<html>502</html>", 502, "text/html"), "unknown"),
    ],
)
async def test_a_failure_is_recorded_with_whether_it_was_executed(
    trail: AuditTrail, folder: Path, reply: Reply, executed: str
) -> None:
    with pytest.raises(B24Error):
        await guarded(FakePortal([reply]), trail).call(ADD["method"], ADD["params"])
    assert lines_in(folder)[-1]["executed"] == executed


async def test_a_cancelled_call_is_recorded_as_sent_and_not_awaited(trail: AuditTrail, folder: Path) -> None:
    arrived = anyio.Event()

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        arrived.set()
        await anyio.sleep_forever()

    portal = guarded(silent, trail)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(portal.call, ADD["method"], ADD["params"])
        await arrived.wait()
        assert [line["event"] for line in lines_in(folder)] == ["sent"], "word of it before any answer"
        tasks.cancel_scope.cancel()
    assert lines_in(folder)[-1]["outcome"] == "not awaited"


async def test_refused_calls_are_not_recorded(trail: AuditTrail, folder: Path) -> None:
    portal = guarded(FakePortal([]), trail, AccessRules(level="read"))
    with pytest.raises(B24Error):
        await portal.call(ADD["method"], ADD["params"])
    assert names_in(folder) == []


@pytest.fixture
def no_folder(tmp_path: Path) -> Path:
    (tmp_path / "file").write_text("a file where the folder should be")
    return tmp_path / "file"


async def test_nothing_is_sent_if_the_audit_log_cannot_be_written(no_folder: Path) -> None:
    app = FakePortal([])
    with pytest.raises(B24Error) as caught:
        await guarded(app, AuditTrail(no_folder, Redactor())).call(ADD["method"], ADD["params"])
    assert (caught.value.fault.code, caught.value.fault.executed) == ("B24MCP_AUDIT", "no")
    assert app.requests == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps rights another way")
def test_only_the_owner_can_read_the_audit_log(trail: AuditTrail, folder: Path) -> None:
    asyncio.run(trail.append([{"event": "sent"}]))
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def of_others(folder: Path) -> None:
    (folder / "2026-11.jsonl").touch()


async def test_there_is_a_file_for_each_day_and_old_ones_are_removed(folder: Path) -> None:
    moment = [NOON]
    trail = AuditTrail(folder, Redactor(), now=lambda: moment[0])
    await trail.append([{"n": 1}])
    of_others(folder)
    moment[0] += 86_400
    await trail.append([{"n": 2}])
    assert names_in(folder) == ["2026-11-18.jsonl", "2026-11-19.jsonl", "2026-11.jsonl"], "which is of somebody else"
    moment[0] += 90 * 86_400
    await trail.append([{"n": 3}])
    assert names_in(folder) == ["2026-11-19.jsonl", "2026-11.jsonl", "2027-02-17.jsonl"]


WRITER = """
import asyncio, sys
from pathlib import Path
from b24_mcp.access import AuditTrail
from b24_mcp.secrets import Redactor
async def main():
    trail = AuditTrail(Path(sys.argv[1]), Redactor(), now=lambda: 1_795_000_000.0)
    for number in range(200):
        await trail.append([{"who": sys.argv[2], "n": number, "text": "x" * 5000}] * 2)
asyncio.run(main())
"""


@pytest.mark.slow
async def test_several_processes_write_whole_lines_into_one_file(folder: Path) -> None:
    def run() -> None:
        writers = [
            subprocess.Popen([sys.executable, "-c", textwrap.dedent(WRITER), str(folder), str(n)]) for n in range(3)
        ]
        assert [writer.wait(60) for writer in writers] == [0, 0, 0]

    await anyio.to_thread.run_sync(run)
    found = lines_in(folder)
    assert len(found) == 3 * 400
    for who in "012":
        assert [line["n"] for line in found if line["who"] == who][::2] == list(range(200)), "in its own order"


def test_a_process_killed_during_a_write_leaves_its_first_line(folder: Path) -> None:
    killed = f"""
    import asyncio, os
    from pathlib import Path
    from b24_mcp.access import AccessRules, AuditTrail, Gate
    from b24_mcp.rest import Portal, parse_webhook
    from b24_mcp.secrets import Redactor
    async def die(scope, receive, send):
        os._exit(9)
    async def main():
        gate = Gate("acme", AccessRules(level="full"), AuditTrail(Path({str(folder)!r}), Redactor()))
        await Portal(parse_webhook({WEBHOOK!r}), guard=gate, app=die).call("crm.deal.delete", {{"id": 5}})
    asyncio.run(main())
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(killed)], check=False, env=dict(os.environ))
    assert done.returncode == 9
    (line,) = lines_in(folder)
    assert (line["event"], line["method"], line["effect"]) == ("sent", "crm.deal.delete", "destructive")


async def test_many_writes_at_once_do_not_stop_the_event_loop(trail: AuditTrail, folder: Path) -> None:
    portal = guarded(FakePortal([Reply({"result": n}) for n in range(50)]), trail)
    await asyncio.gather(*(portal.call(ADD["method"], ADD["params"]) for _ in range(50)))
    found = lines_in(folder)
    assert len({line["id"] for line in found}) == 50
    assert len(found) == 100
